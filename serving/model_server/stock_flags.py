"""Flags in tensorflow_model_server's forms, and those of its that do nothing here."""

import difflib

from typer.core import TyperCommand

WITHOUT_EFFECT = {  # name -> what is so instead
    "enable_grpc_healthcheck_service": "health checks are always answered",
    "enable_per_model_batching_parameters": "all models share the batching parameters",
    "enable_profiler": "there is no profiler service",
    "enable_signature_method_name_check": "only Predict is served",
    "flush_filesystem_caches": "the system frees its caches when it needs the memory",
    "mixed_precision": "a model computes as it was saved",
    "num_load_threads": "versions are loaded one by one, beside the requests",
    "num_tflite_interpreters_per_pool": "TensorFlow Lite is not served",
    "num_tflite_pools": "TensorFlow Lite is not served",
    "num_unload_threads": "versions are unloaded one by one, beside the requests",
    "per_process_gpu_memory_fraction": "TensorFlow divides a GPU's memory itself",
    "platform_config_file": "TensorFlow's saved models are the only platform",
    "prefer_tflite_model": "TensorFlow Lite is not served",
    "remove_unused_fields_from_bundle_metagraph": "graphs are kept as loaded",
    "skip_initialize_tpu": "TPUs are not used",
    "tensorflow_session_config_file": "there is no session; threads have their flags",
    "thread_pool_factory_config_file": "threads are TensorFlow's own",
    "xla_cpu_compilation_enabled": "a model computes as it was saved",
    "xla_gpu_compilation_enabled": "a model computes as it was saved",
}
IDLE = "idle flags"  # where a context keeps those that were given
_SWITCHES = {"true": "--{}", "1": "--{}", "false": "--no{}", "0": "--no{}"}


class StockCommand(TyperCommand):
    """A command whose flags may be written as in tensorflow_model_server's manifests.

    `--flag=true` and `--flag=false` are switches, and flags that do nothing here are
    taken, and kept for `idle_words`.
    """

    def __init__(self, *args, **kwargs):
        names = ", ".join(f"--{name}" for name in sorted(WITHOUT_EFFECT))
        kwargs["epilog"] = f"Accepted, but without effect: {names}."
        kwargs["rich_markup_mode"] = None  # Typer's tables cut long names off
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx, args):
        """Takes away what does nothing, and makes `--flag=true` a switch."""
        switches = {
            name for p in self.params for name in getattr(p, "secondary_opts", [])
        }
        known = {name for p in self.params for name in p.opts} | switches
        known |= {"--help", *(f"--{name}" for name in WITHOUT_EFFECT)}
        kept, idle = [], ctx.meta.setdefault(IDLE, {})
        for arg in args:
            flag, equals, value = arg.partition("=")
            name = flag.removeprefix("--")
            if flag.startswith("--") and flag not in known:
                ctx.fail(f"No such option: {flag}.{_nearest(flag, known - switches)}")
            if name in WITHOUT_EFFECT:
                idle[flag] = WITHOUT_EFFECT[name]
            elif equals and f"--no{name}" in switches:
                kept.append(_switch(ctx, name, value))
            else:
                kept.append(arg)
        return super().parse_args(ctx, kept)


def idle_words(context) -> str:
    """One line on the flags that were given and do nothing here, `""` for none."""
    idle = context.meta.get(IDLE, {})
    if not idle:
        return ""
    reasons = (f"{flag} ({reason})" for flag, reason in sorted(idle.items()))
    return f"Flags without effect: {', '.join(reasons)}."


def _switch(ctx, name, value):
    if value.lower() not in _SWITCHES:
        ctx.fail(f"`--{name}` must be true or false. Received: {value}.")
    return _SWITCHES[value.lower()].format(name)


def _nearest(flag, known):
    close = difflib.get_close_matches(flag, sorted(known), n=1)
    return f" Did you mean `{close[0]}`?" if close else ""
