"""Prints the public names of this Python's asyncio, a line each: `Queue.put`.

They are what `asyncio` and its modules export, the documented names of `asyncio.subprocess`,
and the public methods of the classes among them. What a class inherits from another one of them
is told once, there; what it has of every object or exception, not at all.
"""

import asyncio
import importlib
import inspect
import pkgutil

exported = {name: getattr(asyncio, name) for name in asyncio.__all__}
for module in pkgutil.iter_modules(asyncio.__path__):
    if module.name.startswith(("windows", "proactor", "__")):
        continue  # Linux has all the others
    module = importlib.import_module(f"asyncio.{module.name}")
    for name in getattr(module, "__all__", ()):
        if hasattr(asyncio, name):
            exported[name] = getattr(asyncio, name)
# `asyncio.subprocess` says only in its documentation what else is public.
for name in ("Process", "PIPE", "STDOUT", "DEVNULL"):
    exported[f"subprocess.{name}"] = getattr(asyncio.subprocess, name)

classes = {value: name for name, value in exported.items() if inspect.isclass(value)}
names = set(exported)
for found, name in classes.items():
    for method in dir(found):
        if method.startswith("_") or hasattr(OSError, method):
            continue
        owners = [classes[base] for base in found.__mro__ if base in classes and hasattr(base, method)]
        # As the documentation says it: `loop.call_soon`.
        owner = "loop" if owners[-1] == "AbstractEventLoop" else owners[-1]
        names.add(f"{owner}.{method}")
print("\n".join(sorted(names)))
