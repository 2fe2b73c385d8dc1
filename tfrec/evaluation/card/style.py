"""How the page looks: light and dark, on a phone, and printed."""

STYLE = """
:root{--ink:#1e293b;--quiet:#55637a;--paper:#fff;--card:#f5f7fa;--rule:#d5dce6;
--ours:#c2410c;--theirs:#64748b;--third:#0f766e;--line:#0f172a;--good:#15803d;
--check:#b45309;--note:#1d4ed8}
@media (prefers-color-scheme:dark){:root{--ink:#e2e8f0;--quiet:#9aa8bd;
--paper:#10151d;--card:#1a222e;--rule:#334155;--ours:#fb923c;--theirs:#8595ad;
--third:#2dd4bf;--line:#f8fafc;--good:#4ade80;--check:#fbbf24;--note:#93c5fd}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:74rem;background:var(--paper);
color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{margin:.2em 0;font-size:1.7rem}h2{margin:2rem 0 .6rem;font-size:1.3rem;
border-bottom:1px solid var(--rule)}h3{margin:1.4rem 0 .4rem;font-size:1.05rem}
h4{margin:.9rem 0 .2rem;font-size:.9rem;font-weight:600}
header p,figcaption,.source{color:var(--quiet);font-size:.9rem}
nav{background:var(--card);border-radius:.5rem;padding:.6rem 1rem}
nav ol{margin:0;padding-left:1.4rem;columns:17rem;column-gap:1.5rem}a{color:var(--note)}
.findings{list-style:none;padding:0}.findings li{display:flex;gap:.7rem;
margin:.4rem 0;padding:.5rem .8rem;background:var(--card);border-radius:.4rem;
border-left:4px solid var(--note)}.findings b{color:var(--note);min-width:.8rem}
.findings .good{border-color:var(--good)}.findings .good b{color:var(--good)}
.findings .check{border-color:var(--check)}.findings .check b{color:var(--check)}
code{color:var(--quiet);font-size:.78rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.88rem;margin:.5rem 0;
overflow-wrap:normal;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--rule);text-align:right;
vertical-align:top}thead th{color:var(--quiet);font-weight:600;vertical-align:bottom}
th:first-child,td.words,.wordy th:last-child,.wordy td:last-child{text-align:left}
th:first-child{padding-left:0;min-width:6.5rem}.wordy td:last-child{min-width:16rem}
td small{color:var(--quiet);white-space:nowrap}
tbody th{font-weight:500}
figure{margin:1rem 0}.bars{max-width:46rem}
.bar{display:grid;grid-template-columns:14rem 1fr 11.5rem;gap:.6rem;
align-items:center;margin:.15rem 0;font-size:.85rem}
.bar svg{width:100%;height:.9rem;overflow:visible}
.value{font-variant-numeric:tabular-nums;white-space:nowrap}
rect.ours,circle.ours{fill:var(--ours)}rect.theirs{fill:var(--theirs)}
rect.third{fill:var(--third)}.line{stroke:var(--line);stroke-width:1.6;fill:none;
vector-effect:non-scaling-stroke}
.square{width:100%;max-width:24rem;height:auto}.square text{fill:var(--quiet);
font-size:11px}.grid{stroke:var(--rule);fill:none;stroke-width:.7}
.perfect{stroke:var(--quiet);stroke-dasharray:4 4;fill:none}
.curve{stroke:var(--ours);stroke-width:1.5;fill:none}
details{margin:.5rem 0}summary{cursor:pointer}pre{overflow:auto;font-size:.78rem;
background:var(--card);padding:.7rem;border-radius:.4rem;white-space:pre-wrap}
@media (max-width:40rem){.bar{grid-template-columns:1fr auto}
.bar{margin-bottom:.5rem}.bar svg{grid-column:1/3;grid-row:2}.bar .value{align-self:end}
th,td{padding:.25rem .4rem}}
@media print{:root{--ink:#000;--quiet:#333;--paper:#fff;--card:#fff;--rule:#999;
--ours:#c2410c;--theirs:#64748b;--third:#0f766e;--line:#000}
body{max-width:none;font-size:11pt}nav{display:none}h2,h3,h4{break-after:avoid}
table{font-size:6.8pt}td small{font-size:5.6pt}th,td{padding:.15rem .25rem}
.scroll{overflow:visible}
figure.bars{break-inside:auto}.bar,tr,.findings li{break-inside:avoid}}
"""
