"""The Kubernetes objects fit each other and the programs, and confine them."""

import re

import pytest
import yaml

from serving.model_server.model_config import read_model_config
from tests.serving.deploy.files import DEPLOY, PINNED, check_redis, read_flags

OBJECTS = [
    each
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for each in yaml.safe_load_all(path.read_text())
]
WORKLOADS = [o for o in OBJECTS if o["kind"] in ("Deployment", "StatefulSet")]
OURS = {"tfrec-server", "tfrec-gateway", "tfrec-consumer"}
DRAIN_S = {"tfrec-server": 30, "tfrec-gateway": 10, "tfrec-consumer": 40}
PRE_STOP_S = 5


def named(kind):
    """Name to object of the Kubernetes objects of one kind."""
    return {o["metadata"]["name"]: o for o in OBJECTS if o["kind"] == kind}


def pod(workload):
    """The pod's spec and its only container."""
    spec = workload["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return spec, container


def environment(container):
    """Name to value of a container's variables; those of secrets stay named."""
    return {each["name"]: each.get("value", "") for each in container.get("env", [])}


def flags_of(name):
    """Flags of one of our programs, as it reads them in its pod."""
    _, container = pod(named("Deployment")[name])
    command = [*container["command"], *container["args"]]
    return read_flags(command, environment(container))


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
    flags = flags_of(name)
    ports = {each["containerPort"] for each in container["ports"]}
    keys = ("port", "rest_api_port", "metrics_port")
    given = {getattr(flags, key, None) for key in keys} - {None}
    assert ports == given
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        for action in ("grpc", "httpGet", "tcpSocket"):
            if action in container.get(probe, {}):
                assert container[probe][action]["port"] in ports
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    assert set(mounts.values()) == {volume["name"] for volume in spec["volumes"]}
    paths = [word.partition("=")[2] for word in container["args"]]
    used = {f"/{path.split('/')[1]}" for path in paths if path.startswith("/")}
    # What models.config names is read by the server.
    models = {"/models"} if "--model_config_file" in str(container["args"]) else set()
    assert used | models | {"/tmp"} == set(mounts)


@pytest.mark.parametrize("name", sorted(OURS))
def test_pods_outlive_a_node_and_end_in_peace(name):
    workload = named("Deployment")[name]
    spec, container = pod(workload)
    labels = workload["spec"]["template"]["metadata"]["labels"]
    assert labels["app"] == name
    topologies = {
        each["topologyKey"]: each["labelSelector"]["matchLabels"]
        for each in spec["topologySpreadConstraints"]
    }
    hosts, zones = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
    assert topologies == {hosts: {"app": name}, zones: {"app": name}}
    budget = named("PodDisruptionBudget")[name]["spec"]
    assert budget == {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}}
    assert workload["spec"]["replicas"] > 1
    grace = spec["terminationGracePeriodSeconds"]
    assert grace >= DRAIN_S[name] + PRE_STOP_S
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()


def test_pods_meet_each_other():
    flags = {name: flags_of(name) for name in OURS}
    server, gateway = flags["tfrec-server"], flags["tfrec-gateway"]
    assert gateway.target == f"tfrec-server:{server.port}"
    assert gateway.token_file == server.auth_token_file
    assert gateway.store == flags["tfrec-consumer"].store
    assert gateway.store == "redis://:$(REDIS_PASSWORD)@tfrec-redis:6379/0"
    (model,) = read_model_config(DEPLOY / "config" / "models.config")
    assert (gateway.model, gateway.model_folder) == (model.name, model.base_path)
    # A name with the address of every server, for clients that ask all in turn.
    assert named("Service")["tfrec-server"]["spec"]["clusterIP"] == "None"
    for name, service in named("Service").items():
        (workload,) = [w for w in WORKLOADS if w["metadata"]["name"] == name]
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= labels.items()
        ports = {each["name"] for each in pod(workload)[1]["ports"]}
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= ports
    scaled = named("HorizontalPodAutoscaler")
    assert scaled.keys() == {"tfrec-server", "tfrec-gateway"}
    for name, scaler in scaled.items():
        assert scaler["spec"]["scaleTargetRef"]["name"] == name


def test_a_store_that_is_away_kills_no_consumer():
    _, container = pod(named("Deployment")["tfrec-consumer"])
    assert container["livenessProbe"].keys() & {"httpGet", "exec"} == set()
    assert container["readinessProbe"]["httpGet"]["path"] == "/health"
    assert flags_of("tfrec-consumer").metrics_host == "0.0.0.0"


def test_redis_loses_nothing_and_asks_for_its_password():
    _, container = pod(named("StatefulSet")["tfrec-redis"])
    assert container["resources"]["limits"]["memory"] == "2Gi"
    command = [*container["command"], *container["args"]]
    check_redis(command, "$(REDIS_PASSWORD)", 2 << 30)
    (claim,) = named("StatefulSet")["tfrec-redis"]["spec"]["volumeClaimTemplates"]
    (mount,) = container["volumeMounts"]
    assert (mount["name"], mount["mountPath"]) == (claim["metadata"]["name"], "/data")


def test_nobody_asks_but_those_who_may():
    policies = named("NetworkPolicy")
    assert policies.pop("tfrec-nobody")["spec"]["podSelector"] == {}
    assert policies.keys() == {w["metadata"]["name"] for w in WORKLOADS}
    for name, policy in policies.items():
        assert policy["spec"]["podSelector"]["matchLabels"] == {"app": name}
        (workload,) = [w for w in WORKLOADS if w["metadata"]["name"] == name]
        ports = {each["containerPort"] for each in pod(workload)[1]["ports"]}
        opened = {
            p["port"] for rule in policy["spec"]["ingress"] for p in rule["ports"]
        }
        assert opened == ports


def test_what_pods_mount_is_made():
    kustomization = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    resources = {str(path) for path in kustomization["resources"]}
    there = {f"kubernetes/{p.name}" for p in (DEPLOY / "kubernetes").glob("*.yaml")}
    assert resources == there
    maps = {each["name"]: each["files"] for each in kustomization["configMapGenerator"]}
    files = {path for paths in maps.values() for path in paths}
    assert all((DEPLOY / path).is_file() for path in files)
    secrets = set(
        re.findall(r"secret generic (\S+)", (DEPLOY / "README.md").read_text())
    )
    for workload in WORKLOADS:
        for variable in pod(workload)[1].get("env", []):
            if "valueFrom" in variable:
                assert variable["valueFrom"]["secretKeyRef"]["name"] in secrets
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


def load(*parts):
    return yaml.safe_load(DEPLOY.joinpath(*parts).read_text())


def patched(workload, patches):
    """Paths that JSON patches name, each of which must be there or be appended."""
    for patch in patches:
        place = workload
        *parents, last = patch["path"].strip("/").split("/")
        for name in parents:
            place = place[int(name) if isinstance(place, list) else name]
        if patch["op"] == "add":
            assert last == "-" or last not in place
            continue
        last = int(last) if isinstance(place, list) else last
        assert patch["op"] != "test" or place[last] == patch["value"]
        assert last in place or isinstance(place, list)
        yield patch["path"], patch["value"]


def test_profiles_are_one_flag_and_one_mount_more():
    kustomization = load("components", "profiles", "kustomization.yaml")
    (patch,) = kustomization["patches"]
    flag, mount, volume = load("components", "profiles", patch["path"])
    gateway = named("Deployment")["tfrec-gateway"]
    assert list(patched(gateway, [flag, mount, volume])) == []
    _, container = pod(gateway)
    command = [*container["command"], *container["args"], flag["value"]]
    flags = read_flags(command, environment(container))
    assert str(flags.profiles.parent) == mount["value"]["mountPath"]
    assert volume["value"]["name"] == mount["value"]["name"]
    claim = load("components", "profiles", "claim.yaml")["metadata"]["name"]
    assert volume["value"]["persistentVolumeClaim"]["claimName"] == claim


def test_the_ingress_leads_to_the_gateway():
    ingress = load("components", "ingress", "ingress.yaml")
    (rule,) = ingress["spec"]["rules"]
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    (path,) = rule["http"]["paths"]
    service = named("Service")[path["backend"]["service"]["name"]]
    names = {each["name"] for each in service["spec"]["ports"]}
    assert path["backend"]["service"]["port"]["name"] in names


def test_the_canary_changes_what_is_there():
    kustomization = load("canary", "kustomization.yaml")
    for patch in kustomization["patches"][1:]:
        names = patch["target"].get("name", "tfrec-server tfrec-gateway").split()
        for name in names:
            there = named(patch["target"]["kind"])[name]
            changed = dict(patched(there, yaml.safe_load(patch["patch"])))
    (target,) = {
        v for v in changed.values() if str(v).startswith("--target=tfrec-server-")
    }
    suffix = kustomization["nameSuffix"]
    assert target == f"--target=tfrec-server{suffix}:8500"
    (model,) = read_model_config(DEPLOY / "canary" / "models.config")
    assert (model.name, model.latest) == ("movielens", 1)
