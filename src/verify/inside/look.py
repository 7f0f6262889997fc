"""Tells of each package that is named whether its modules import, each package in a process of its own."""
import importlib, importlib.metadata as metadata, os, re, shutil, signal, subprocess, sys


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def modules(found):
    named = (found.read_text("top_level.txt") or "").split()
    files = [file for file in found.files or [] if file.suffix in (".py", ".so") and ".." not in file.parts]
    named = named or sorted({file.parts[0].split(".")[0] for file in files})
    return [name for name in named if name.isidentifier() and not name.startswith("_")][:4]


def state(found):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = "ok"
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1), os.dup2(nowhere, 2)
        signal.alarm(30)
        for module in modules(found):
            try:
                importlib.import_module(module)
            except BaseException as error:
                said = f"import {module}: {type(error).__name__}: {error}"
                break
        os.write(writing, " ".join(said.split())[:300].encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    status = os.waitpid(child, 0)[1]
    return said or f"the import ends with signal {status & 127}"


known = {}
for one in metadata.distributions():
    if one.metadata["Name"]:
        known.setdefault(normal(one.metadata["Name"]), one)
for name in sys.argv[1:]:
    found = known.get(normal(name))
    print(f"package {name}\t{state(found) if found else 'missing'}", flush=True)

for words in ([sys.executable, "-m", "pip", "check"], ["pip", "--python", sys.executable, "check"]):
    if not shutil.which(words[0]):
        continue
    ran = subprocess.run(words, capture_output=True, text=True)
    if "No module named pip" in ran.stderr:
        continue
    lines = (ran.stdout + ran.stderr).strip().splitlines() or [""]
    print("pip check\t" + ("ok" if ran.returncode == 0 else lines[-1]), flush=True)
    break
