"""Runs in every IPython of this environment (kernel, terminal, papermill): it is fast and never raises."""


def _load() -> None:
    import os

    if os.environ.get("VIBE_AUTOLOAD", "1").lower() in ("0", "false", "no", "off"):
        return
    try:
        get_ipython().run_line_magic("load_ext", "vibe_jupyter")  # noqa: F821 - IPython provides it
    except Exception as error:
        print(f"vibe_jupyter was not loaded: {error}")


_load()
del _load
