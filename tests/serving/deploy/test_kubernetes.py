"""The Kubernetes objects fit each other and the programs, and confine them."""

import re

import pytest
import yaml

from tests.serving.deploy.files import DEPLOY, PINNED, read_flags

OBJECTS = [
    each
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for each in yaml.safe_load_all(path.read_text())
]
WORKLOADS = [o for o in OBJECTS if o["kind"] in ("Deployment", "StatefulSet")]
OURS = {"tfrec-server", "tfrec-gateway", "tfrec-consumer"}


def named(kind):
    """Name to object of the Kubernetes objects of one kind."""
    return {o["metadata"]["name"]: o for o in OBJECTS if o["kind"] == kind}


def pod(workload):
    """The pod's spec and its only container."""
    spec = workload["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return spec, container


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w["metadata"]["name"])
def test_pods_are_confined(workload):
    spec, container = pod(workload)
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not spec["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert PINNED.fullmatch(container["image"])
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
    assert "memory" in container["resources"]["limits"]
    assert "livenessProbe" in container
    labels = workload["spec"]["template"]["metadata"]["labels"]
    assert workload["spec"]["selector"]["matchLabels"] == labels


@pytest.mark.parametrize("name", sorted(OURS))
def test_pods_run_our_programs_with_flags_they_know(name):
    workload = named("Deployment")[name]
    assert workload["spec"]["strategy"]["type"] == "RollingUpdate"
    spec, container = pod(workload)
    flags = read_flags([*container["command"], *container["args"]])
    ports = {each["containerPort"] for each in container.get("ports", [])}
    given = {getattr(flags, key, None) for key in ("port", "rest_api_port")} - {None}
    assert ports == given
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        for action in ("grpc", "httpGet", "tcpSocket"):
            if action in container.get(probe, {}):
                assert container[probe][action]["port"] in ports
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    assert set(mounts.values()) == {volume["name"] for volume in spec["volumes"]}
    for word in container["args"]:
        path = word.partition("=")[2]
        if path.startswith("/"):
            assert f"/{path.split('/')[1]}" in mounts, path


def test_pods_meet_each_other():
    flags = {
        name: read_flags([*c["command"], *c["args"]])
        for name, c in ((n, pod(named("Deployment")[n])[1]) for n in OURS)
    }
    server, gateway = flags["tfrec-server"], flags["tfrec-gateway"]
    assert gateway.target == f"tfrec-server:{server.port}"
    assert gateway.token_file == server.auth_token_file
    assert gateway.store == flags["tfrec-consumer"].store
    assert gateway.store == "redis://tfrec-redis:6379/0"
    for name, service in named("Service").items():
        (workload,) = [w for w in WORKLOADS if w["metadata"]["name"] == name]
        assert service["spec"]["selector"] == {"app": name}
        ports = {each["name"] for each in pod(workload)[1]["ports"]}
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= ports
    scaled = named("HorizontalPodAutoscaler")
    assert scaled.keys() == {"tfrec-server", "tfrec-gateway"}
    for name, scaler in scaled.items():
        assert scaler["spec"]["scaleTargetRef"]["name"] == name
    grace = named("Deployment")["tfrec-server"]["spec"]["template"]["spec"]
    assert grace["terminationGracePeriodSeconds"] > 30 + 5  # draining, preStop


def test_what_pods_mount_is_made():
    kustomization = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    resources = {str(path) for path in kustomization["resources"]}
    there = {f"kubernetes/{p.name}" for p in (DEPLOY / "kubernetes").iterdir()}
    assert resources == there
    maps = {each["name"]: each["files"] for each in kustomization["configMapGenerator"]}
    files = {path for paths in maps.values() for path in paths}
    assert all((DEPLOY / path).is_file() for path in files)
    secrets = set(
        re.findall(r"secret generic (\S+)", (DEPLOY / "README.md").read_text())
    )
    for workload in WORKLOADS:
        for volume in pod(workload)[0].get("volumes", []):
            if "configMap" in volume:
                assert volume["configMap"]["name"] in maps
            elif "secret" in volume:
                assert volume["secret"]["secretName"] in secrets
            elif "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert claim in named("PersistentVolumeClaim")
            else:
                assert "emptyDir" in volume
    args = pod(named("Deployment")["tfrec-server"])[1]["args"]
    wanted = {f"config/{a.rpartition('/')[2]}" for a in args if "=/config/" in a}
    assert wanted == files
