"""Configurations, images and Compose fit each other, the programs, their readers."""

import pathlib
import re
import shlex

import pytest
import yaml

from serving.model_server.model_config import read_model_config
from serving.model_server.scheduling.parameters import read_parameters
from serving.model_server.server_settings import USUAL_METRICS_PATH, read_metrics_path
from serving.text_protos import new_message, read_text_proto
from tests.serving.deploy.files import DEPLOY, PINNED, ROOT, check_redis, read_flags

# Of tensorflow_model_server: tensorflow_serving/model_servers/main.cc.
TF_SERVING_FLAGS = set(
    re.findall(
        r"\w+",
        """
    port grpc_socket_path rest_api_port rest_api_num_threads rest_api_timeout_in_ms
    rest_api_enable_cors_support enable_batching batching_parameters_file
    allow_version_labels_for_unavailable_models enable_per_model_batching_parameters
    model_config_file model_config_file_poll_wait_seconds model_name model_base_path
    num_load_threads num_unload_threads max_num_load_retries load_retry_interval_micros
    file_system_poll_wait_seconds flush_filesystem_caches saved_model_tags
    tensorflow_session_parallelism tensorflow_session_config_file
    tensorflow_intra_op_parallelism tensorflow_inter_op_parallelism ssl_config_file
    platform_config_file grpc_channel_arguments grpc_max_threads enable_model_warmup
    num_request_iterations_for_warmup monitoring_config_file enable_profiler
    """,
    )
)
DOCKERFILES = sorted(DEPLOY.glob("*.Dockerfile"))
STOCK_DOCKERFILES = sorted(DEPLOY.glob("tf_serving*.Dockerfile"))
OUR_DOCKERFILES = sorted(set(DOCKERFILES) - set(STOCK_DOCKERFILES))


def services(name):
    """Name to service of a Compose file."""
    return yaml.safe_load((DEPLOY / name).read_text())["services"]


COMPOSE = services("compose.yaml")
STOCK = services("compose.stock.yaml")
PROFILES = services("compose.profiles.yaml")


def instructions(path):
    """`(name, rest)` of each instruction of a Dockerfile."""
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def test_scann_is_compiled_of_one_commit():
    text = (DEPLOY / "tf_serving_scann.Dockerfile").read_text()
    assert re.search(r"^ARG SCANN_COMMIT=[0-9a-f]{40}$", text, flags=re.MULTILINE)


def test_text_protos_are_read_by_our_own_readers():
    config = DEPLOY / "config"
    (model,) = read_model_config(config / "models.config")
    assert (model.name, model.latest) == ("movielens", 1)
    assert model.base_path == pathlib.Path("/models/movielens")
    assert read_parameters(config / "batching.config").max_batch_size == 64
    assert read_metrics_path(config / "monitoring.config") == USUAL_METRICS_PATH
    example = new_message("SSLConfig")
    read_text_proto("--ssl_config_file", config / "ssl.config.example", example)
    assert all(getattr(example, field.name) for field in example.DESCRIPTOR.fields)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_are_built_of_what_is_there(path):
    stages = set()
    for name, rest in instructions(path):
        if name == "FROM":
            image, *alias = rest.split(" AS ")
            assert PINNED.fullmatch(image)
            stages |= set(alias)
        elif name == "COPY" and not rest.startswith("--from="):
            *sources, _ = rest.split()
            for source in sources:  # models are there when they were trained
                is_model = source.startswith("saved_models/")
                assert is_model or (ROOT / source).exists(), source
        elif name == "COPY":
            assert rest.split()[0].removeprefix("--from=") in stages
    users = [rest for name, rest in instructions(path) if name == "USER"]
    assert users == ["10001:10001"]


@pytest.mark.parametrize("path", OUR_DOCKERFILES, ids=lambda path: path.name)
def test_our_images_install_what_is_pinned_and_start_our_programs(path):
    (install,) = [
        rest for name, rest in instructions(path) if "venv" in rest and name == "RUN"
    ]
    lists = re.findall(r"--require-hashes -r requirements/(\w+)\.txt", install)
    assert lists == [path.stem, "build"]
    (own,) = [rest for name, rest in instructions(path) if rest.endswith(" .")]
    assert {"--no-deps", "--no-build-isolation"} <= set(own.split())
    copied = [rest for name, rest in instructions(path) if name == "COPY"]
    assert not any(rest.startswith(("training", "saved_models")) for rest in copied)
    program, *_ = yaml.safe_load(dict(instructions(path))["CMD"])
    assert re.search(rf"^    {program} = ", (ROOT / "setup.cfg").read_text(), re.M)


@pytest.mark.parametrize("image", ["build", "gateway", "server"])
def test_requirements_are_pinned_and_in_the_ranges_of_the_package(image):
    folder = DEPLOY / "requirements"
    wanted = [
        line
        for line in (folder / f"{image}.in").read_text().splitlines()
        if not line.startswith("#")
    ]
    ranges = (ROOT / "setup.cfg").read_text() + (ROOT / "pyproject.toml").read_text()
    assert all(line in ranges for line in wanted)
    text = (folder / f"{image}.txt").read_text()
    assert "://" not in text
    pins = re.findall(r"^([a-z0-9-]+)==\S+ \\\n    --hash=sha256:", text, re.M)
    assert len(pins) == len(re.findall(r"^[a-z]", text, re.M))
    assert {re.split(r"[\[><=;]", line)[0] for line in wanted} <= set(pins)
    if image == "gateway":
        heavy = ("tensorflow", "keras", "scann", "scipy", "matplotlib")
        assert not [name for name in pins if name.startswith(heavy)]


def test_the_context_of_images_holds_what_they_copy():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    kept = {line[1:] for line in ignored if line.startswith("!")}
    for path in DOCKERFILES:
        for name, rest in instructions(path):
            if name == "COPY" and not rest.startswith("--from="):
                sources = rest.split()[:-1]
                assert {source.split("/")[0].lstrip(".") for source in sources} <= kept


@pytest.mark.parametrize("path", STOCK_DOCKERFILES, ids=lambda path: path.name)
def test_tf_serving_is_started_with_its_own_flags(path):
    steps = dict(instructions(path))
    check_tf_serving(yaml.safe_load(steps["CMD"]))
    copied = [rest.split() for name, rest in instructions(path) if name == "COPY"]
    files = {f"/config/{pathlib.Path(s).name}" for words in copied for s in words[:-1]}
    wanted = {
        word.split("=")[1] for word in yaml.safe_load(steps["CMD"]) if "_file=" in word
    }
    assert wanted <= files
    assert steps["EXPOSE"].split() == ["8500", "8501"]
    assert steps["ENTRYPOINT"] == '["tensorflow_model_server"]'


def check_tf_serving(arguments):
    flags = dict(word.removeprefix("--").partition("=")[::2] for word in arguments)
    assert flags.keys() <= TF_SERVING_FLAGS
    assert (flags["port"], flags["rest_api_port"]) == ("8500", "8501")
    for name, value in flags.items():
        if name.endswith("_file"):
            assert (DEPLOY / "config" / pathlib.Path(value).name).is_file()


def test_versions_are_those_of_the_package():
    setup = (ROOT / "setup.cfg").read_text()
    version = re.search(r"^version = (.*)$", setup, re.MULTILINE)[1]
    text = "".join(p.read_text() for p in DEPLOY.rglob("*.*") if p.is_file())
    assert set(re.findall(r"\btfrec(?:-[\w-]+)?:(\d+\.\d+\.\d+)", text)) == {version}
    lowest = re.search(r"tensorflow-serving-api>=([\d.]+)", setup)[1]
    for found in re.findall(r"tensorflow/serving:(\d+\.\d+)", text):
        assert found == lowest  # of saved models, clients and servers alike


def test_stock_tf_serving_takes_the_place_of_ours():
    check_tf_serving(STOCK["server"]["command"])
    ours = {word.split("=")[0] for word in COMPOSE["server"]["command"][1:]}
    theirs = {word.split("=")[0] for word in STOCK["server"]["command"]}
    assert ours - theirs == {"--host", "--allow_plaintext"}


@pytest.mark.parametrize("name", COMPOSE)
def test_services_are_pinned_and_find_their_files(name):
    service = COMPOSE[name]
    assert PINNED.fullmatch(service["image"])
    if "build" in service:
        context = DEPLOY / service["build"]["context"]
        assert (context / service["build"]["dockerfile"]).is_file()
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (DEPLOY / source).exists()
            # The gateway writes new items into the model's log.
            assert volume.endswith(":ro") == (name != "gateway")
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")
    assert set(service.get("depends_on", {})) <= set(COMPOSE)


def test_services_meet_each_other():
    commands = {name: service.get("command") for name, service in COMPOSE.items()}
    server = read_flags(commands["server"])
    environment = COMPOSE["gateway"]["environment"]
    gateway = read_flags(commands["gateway"], environment)
    consumer = read_flags(commands["consumer"], COMPOSE["consumer"]["environment"])
    (model,) = read_model_config(DEPLOY / "config" / "models.config")
    assert gateway.model == model.name
    assert gateway.target == f"server:{server.port}"
    assert gateway.store == consumer.store
    password = r"\$\{REDIS_PASSWORD:\?[^}]+\}"
    assert re.fullmatch(rf"redis://:{password}@redis:6379/0", gateway.store)
    listener = COMPOSE["broker"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    topic = next(w for w in commands["topic"] if w.startswith("--topic="))
    address = listener.removeprefix("PLAINTEXT://")
    assert consumer.source.split("?")[0] == f"kafka://{address}/{topic[8:]}"
    published = {p for s in COMPOSE.values() for p in s.get("ports", [])}
    inside = {int(port.split(":")[-1]) for port in published}
    assert inside == {server.port, server.rest_api_port, gateway.port}
    inside |= {consumer.metrics_port}
    exposed = [dict(instructions(path))["EXPOSE"] for path in OUR_DOCKERFILES]
    assert set(map(int, " ".join(exposed).split())) == inside
    assert gateway.model_folder == model.base_path
    secret = pathlib.PurePath(gateway.auth_token_file)
    assert secret.parent == pathlib.PurePath("/run/secrets")
    assert COMPOSE["gateway"]["secrets"] == [secret.name]


def test_redis_loses_nothing_and_asks_for_its_password():
    check_redis(COMPOSE["redis"]["command"], "${REDIS_PASSWORD}", 2 << 30)
    assert COMPOSE["redis"]["mem_limit"] == "2g"
    assert COMPOSE["redis"]["environment"]["REDISCLI_AUTH"] == "${REDIS_PASSWORD}"


def test_profiles_are_one_flag_more():
    base, more = COMPOSE["gateway"]["command"], PROFILES["gateway"]["command"]
    assert more[:-1] == base
    flags = read_flags(more, COMPOSE["gateway"]["environment"])
    (mount,) = PROFILES["gateway"]["volumes"]
    assert flags.profiles == pathlib.Path(mount["target"]) / "users.parquet"
    assert mount["read_only"]


def test_the_commands_of_the_page_name_files_that_are_there():
    text = (DEPLOY / "README.md").read_text()
    commands = re.findall(r"^    (docker|kubectl) (.*)$", text, re.MULTILINE)
    assert len(commands) >= 5
    for _, words in commands:
        for word in shlex.split(words):
            if word.startswith("serving/"):
                assert (ROOT / word).exists(), word


def test_the_pages_changes_of_models_config_are_read(tmp_path):
    page = (DEPLOY / "README.md").read_text()
    config = (DEPLOY / "config" / "models.config").read_text()
    pins = re.findall(
        r"sed -i 's/(.*)/(.*)/' serving/deploy/config/models.config", page
    )
    assert len(pins) == 2
    policy = r"model_version_policy \{ latest .*\}"
    labels = re.search(
        r"^    model_version_policy(?:.*\n)+?(?=\n)", page, re.MULTILINE
    )[0]
    changed = [config.replace(*pin) for pin in pins] + [re.sub(policy, labels, config)]
    versions, names = [], []
    for text in changed:
        (tmp_path / "models.config").write_text(text)
        (model,) = read_model_config(tmp_path / "models.config")
        versions.append(set(model.specific))
        names.append(dict(model.labels))
    assert versions == [{41}, {41}, {41, 42}]
    assert names == [{}, {}, {"stable": 41, "canary": 42}]
