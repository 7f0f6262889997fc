#!/usr/bin/env python3
"""Makes requires.tsv: what Python packages require, as lock files and the metadata of packages show it.

    python3 knowledge/requires.py --from FOLDER [--from FOLDER …] --date YYYY-MM-DD

Every uv.lock and poetry.lock below the folders is read, and the METADATA file of every wheel (*.whl). A row
stands for a package, or for one of its extras, of the newest version that any of them shows; poetry and
METADATA tell the versions that are allowed, uv does not. What no Linux installs is left out. Rows of the table
that the folders do not show any more, or show in an older version only, are kept. The same folders always give
the same bytes. The script needs the package `packaging`.
"""

import argparse
import email
import functools
import pathlib
import tomllib
import zipfile

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from wheels_from_locks import normal, version_key

HERE = pathlib.Path(__file__).resolve().parent
HEAD = ["name", "version", "requires", "source"]
PYTHONS = [f"3.{minor}" for minor in range(8, 16)]


def environments():
    """Linux with every Python that is known, on both processors."""
    for python in PYTHONS:
        for patch in (0, 99):
            for machine in ("x86_64", "aarch64"):
                yield {
                    "python_version": python, "python_full_version": f"{python}.{patch}",
                    "implementation_name": "cpython", "implementation_version": f"{python}.{patch}",
                    "os_name": "posix", "platform_machine": machine, "platform_python_implementation": "CPython",
                    "platform_release": "", "platform_system": "Linux", "platform_version": "",
                    "sys_platform": "linux", "extra": "",
                }


ENVIRONMENTS = list(environments())


@functools.cache
def where(marker):
    """The environments in which a marker holds; one that cannot be read may hold everywhere."""
    try:
        parsed = Marker(marker) if marker else None
    except InvalidMarker:
        parsed = None
    return frozenset(at for at, known in enumerate(ENVIRONMENTS) if parsed is None or parsed.evaluate(known))


def holds(marker):
    """Whether a marker may hold on Linux for a Python that is known."""
    return bool(where(marker or ""))


def joined(pairs, oldest):
    """Requirements and their markers as texts; what holds for every Python from `oldest` on has no marker."""
    by_head = {}
    for head, marker in pairs:
        by_head.setdefault(head, []).append(marker or "")
    needed = {at for at, known in enumerate(ENVIRONMENTS) if PYTHONS.index(known["python_version"]) >= oldest}
    for head, markers in sorted(by_head.items()):
        if needed <= frozenset().union(*map(where, markers)):
            yield head
        else:
            yield head + "; " + (markers[0] if len(markers) == 1 else " or ".join(f"({one})" for one in markers))


def text(name, extras, versions):
    """A requirement as PEP 508 writes it, without its marker."""
    try:
        # poetry writes some versions in its own way.
        versions = versions.replace(" ", "") if SpecifierSet(versions) else ""
    except InvalidSpecifier:
        versions = ""
    inner = f"[{','.join(sorted(map(normal, extras)))}]" if extras else ""
    return normal(name) + inner + versions


def of_uv(package):
    """Extra → requirements, as uv.lock writes them; the empty extra stands for the package itself."""
    groups = {"": package.get("dependencies", []), **package.get("optional-dependencies", {})}
    return {
        normal(extra): [(text(entry["name"], entry.get("extra", []), ""), entry.get("marker")) for entry in entries]
        for extra, entries in groups.items()
    }


def of_poetry(package):
    """The same for poetry.lock, whose extras are texts without markers."""
    found = {"": []}
    for name, entries in package.get("dependencies", {}).items():
        for entry in entries if isinstance(entries, list) else [entries]:
            entry = {"version": entry} if isinstance(entry, str) else entry
            marker = entry.get("markers", "")
            if not entry.get("optional") and "extra ==" not in marker:
                found[""].append((text(name, entry.get("extras", []), entry.get("version", "*")), marker))
    for extra, entries in package.get("extras", {}).items():
        for entry in entries:
            head, _, marker = entry.partition(" ; ")
            try:
                parsed = Requirement(head.replace(" (", "").replace(")", ""))
            except InvalidRequirement:
                continue
            found.setdefault(normal(extra), []).append((text(parsed.name, parsed.extras, str(parsed.specifier)), marker))
    return found


def of_lock(path):
    """The packages of a lock: name, version, requirements."""
    try:
        root = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return
    read = of_uv if path.name == "uv.lock" else of_poetry
    for package in root.get("package", []):
        source = package.get("source", {})
        if "version" in package and (not source or "registry" in source or source.get("type") == "legacy"):
            yield normal(package["name"]), package["version"], read(package), "lock files of public projects"


def of_wheel(path):
    """The one package of a wheel."""
    with zipfile.ZipFile(path) as archive:
        inner = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(inner))
    found = {"": []}
    for line in metadata.get_all("Requires-Dist", []):
        parsed = Requirement(line)
        marker = str(parsed.marker or "")
        for extra in [""] + metadata.get_all("Provides-Extra", []):
            own = f'extra == "{extra}"'
            if (own in marker if extra else "extra ==" not in marker):
                rest = marker.replace(f" and {own}", "").replace(own, "")
                head = text(parsed.name, parsed.extras, str(parsed.specifier))
                found.setdefault(normal(extra), []).append((head, rest))
    yield normal(metadata["Name"]), metadata["Version"], found, "metadata of the package on PyPI"


def read(folders):
    """Name → version and source → extra → requirements, joined over all files that show the version."""
    seen = {}
    for folder in map(pathlib.Path, folders):
        locks = [path for path in sorted(folder.rglob("*.lock")) if path.name in ("uv.lock", "poetry.lock")]
        shown = [of_lock(path) for path in locks] + [of_wheel(path) for path in sorted(folder.rglob("*.whl"))]
        for name, version, groups, source in (entry for entries in shown for entry in entries):
            by_extra = seen.setdefault(name, {}).setdefault(version, {})
            for extra, pairs in groups.items():
                # uv leaves out what holds for Pythons that its project does not allow.
                pairs = [(head, marker) for head, marker in pairs if holds(marker)]
                requirements = list(joined(pairs, PYTHONS.index("3.10")))
                old = by_extra.get(extra)
                # The files that tell ranges go before those that do not.
                has_ranges = any(sign in one.split(";")[0] for one in requirements for sign in "<>=~")
                if old is None or (has_ranges and source != old[1]) or len(requirements) > len(old[0]):
                    by_extra[extra] = (sorted(set(requirements)), source)
    return seen


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--from", dest="folders", action="append", required=True)
    arguments.add_argument("--date", required=True)
    options = arguments.parse_args()
    path = HERE / "requires.tsv"
    rows = {}
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        rows = {line.split("\t")[0]: line.split("\t") for line in lines}
    for name, versions in read(options.folders).items():
        newest = max(versions, key=version_key)
        old = rows.get(name)
        if old and version_key(old[1]) > version_key(newest):
            continue
        for extra, (requirements, source) in versions[newest].items():
            key = f"{name}[{extra}]" if extra else name
            rows[key] = [key, newest, " | ".join(requirements), f"{source}, read {options.date}"]
    table = "\n".join(["\t".join(HEAD)] + ["\t".join(rows[key]) for key in sorted(rows, key=str.encode)]) + "\n"
    path.write_text(table, encoding="utf-8")
    print(f"requires.tsv\t{len(rows)}")


if __name__ == "__main__":
    main()
