#!/usr/bin/env python3
"""Makes lock-wheels.tsv: what lock files show of packages that wheels.tsv does not have.

    python3 knowledge/wheels_from_locks.py --from FOLDER [--from FOLDER …] --date YYYY-MM-DD

Every uv.lock, poetry.lock and pdm.lock below the folders is read. A lock file lists all files of the
version that it pins, so the newest version that any of them pins tells whether a package is pure, has
wheels for musl, or has compiled wheels for glibc only. Rows of the table that the folders do not show
any more are kept, as are those with a wheel for musl of a version that is newer than all that the
folders show, or older than the first they show. The same lock files always give the same bytes.
"""

import argparse
import pathlib
import re
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def version_key(text):
    """A key that orders release numbers; pre-releases come before their release."""
    match = re.match(r"^(?:\d+!)?(\d+(?:\.\d+)*)(.*)$", text)
    if not match:
        return ((0,), 0)
    release = tuple(int(part) for part in match.group(1).split("."))
    return (release, 0 if re.match(r"^[._-]?(a|b|rc|dev|c)", match.group(2)) else 1)


def file_names(package, root):
    listed = package.get("files") or root.get("metadata", {}).get("files", {}).get(package["name"], [])
    entries = list(listed) + list(package.get("wheels", [])) + [package.get("sdist", {})]
    names = []
    for entry in entries:
        named = entry.get("file") or entry.get("filename") or entry.get("url") or entry.get("path") or ""
        names.append(re.split(r"[#?]", named)[0].rsplit("/", 1)[-1])
    return [name for name in names if name]


def read(folders):
    """Name → version → the names of its files."""
    seen = {}
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*.lock")):
            if path.name not in LOCKS or not path.is_file():
                continue
            try:
                root = tomllib.loads(path.read_text(encoding="utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError):
                continue
            for package in root.get("package", []):
                source = package.get("source", {})
                is_index = not source or "registry" in source or source.get("type") == "legacy"
                names = file_names(package, root)
                if "version" in package and names and is_index:
                    seen.setdefault(normal(package["name"]), {}).setdefault(package["version"], set()).update(names)
    return seen


def tags(names, machine):
    """The Python tags of the musl wheels for a machine, as wheels.tsv writes them."""
    found = set()
    for name in names:
        parts = name.removesuffix(".whl").split("-")
        if name.endswith(".whl") and "musllinux" in parts[-1] and machine in parts[-1]:
            found.add(f"{parts[-3]}-abi3" if parts[-2] == "abi3" else parts[-3])
    return " ".join(sorted(found))


def row(name, versions, date):
    order = sorted(versions, key=version_key)
    wheels = {version: [file for file in versions[version] if file.endswith(".whl")] for version in order}
    newest, note = wheels[order[-1]], ""
    has_musl = [version for version in order if any("musllinux" in file for file in wheels[version])]
    if any(file.endswith("-any.whl") for file in newest):
        verdict, first, last = "pure", "", ""
    elif any("musllinux" in file for file in newest):
        without = [v for v in order if wheels[v] and v not in has_musl and not any(f.endswith("-any.whl") for f in wheels[v])]
        verdict, first, last = "musl-wheel", has_musl[0], without[-1] if without else ""
    elif newest and len(newest) < len(versions[order[-1]]):
        verdict, first, last = "build-unknown", "", ""
    elif newest:
        is_linux = any("linux" in file for file in newest)
        verdict, first, last = "do-not-move" if is_linux else "other-os", "", ""
        note = "no source is published" if is_linux else ""
    else:
        return None
    old = [v for v in order if has_musl and verdict == "musl-wheel" and version_key(v) < version_key(first)]
    is_pure = old and all(any(file.endswith("-any.whl") for file in wheels[version]) for version in old)
    older = "" if verdict != "musl-wheel" else "pure" if is_pure else "unknown"
    x86, arm = (tags(newest, "x86_64"), tags(newest, "aarch64")) if verdict == "musl-wheel" else ("", "")
    source = f"lock files of public repositories, read {date}"
    return [name, verdict, first, last, "", "", "", older, "", "", x86, arm, note, source]


def is_kept(old, made, versions):
    """Whether the row `old` says more than the row `made` of these versions."""
    if old is None or old[1] != "musl-wheel" or made[1] == "pure":
        return False
    if made[1] == "musl-wheel":
        return version_key(old[2]) <= version_key(made[2])
    return max(map(version_key, versions)) < version_key(old[2])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--from", dest="folders", action="append", required=True)
    arguments.add_argument("--date", required=True)
    options = arguments.parse_args()
    head = (HERE / "wheels.tsv").read_text(encoding="utf-8").splitlines()
    known = {line.split("\t")[0] for line in head[1:]}
    path = HERE / "lock-wheels.tsv"
    rows = {}
    if path.exists():
        rows = {line.split("\t")[0]: line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]}
    for name, versions in read(options.folders).items():
        made = row(name, versions, options.date)
        if made and not is_kept(rows.get(name), made, versions):
            rows[name] = made
    rows = [rows[name] for name in sorted(rows, key=str.encode) if name not in known]
    text = "\n".join([head[0]] + ["\t".join(cells) for cells in rows]) + "\n"
    path.write_text(text, encoding="utf-8")
    print(f"lock-wheels.tsv\t{len(rows)}")


if __name__ == "__main__":
    main()
