"""What is installed beside the package, and what installs the rest."""

import importlib
import os
import platform

INSTALLED_BY = {  # module: what pip installs it with
    "keras": "from-one-neuron[keras]",
    "matplotlib": "from-one-neuron[commands]",
    "onnx": "from-one-neuron[onnx]",
    "safetensors": "safetensors",
    "tensorflow": "from-one-neuron[keras]",
    "tqdm": "from-one-neuron[commands]",
}


def need(*modules: str) -> None:
    """Load modules, so that a missing one is named before the work."""
    for module in modules:
        importlib.import_module(module)


def need_keras() -> None:
    """Load Keras and TensorFlow, without their notes on the processor."""
    quiet_tensorflow()
    need("keras", "tensorflow")


def quiet_tensorflow() -> None:
    """Keep TensorFlow's notes on the processor off the terminal."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def advice(error: ModuleNotFoundError) -> str | None:
    """What installs the missing module; None for one of our own."""
    name = (error.name or "").partition(".")[0]
    if name not in INSTALLED_BY:
        return None
    return (
        f"this command needs {name}; install it with: "
        f'pip install "{INSTALLED_BY[name]}"'
    )


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python, ours, NumPy, and of the packages installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for package in ("from-one-neuron", "numpy", *packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
