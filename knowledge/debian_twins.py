#!/usr/bin/env python3
"""Makes debian-twins.tsv: Debian -dev package → the library packages that run what it built.

    python3 knowledge/debian_twins.py bookworm=FILE trixie=FILE …

Each FILE is a suite's Packages index for amd64, as text. The packages asked about are
the dev-headers rows of apt-packages.tsv. A library of the same source package counts; a
-dev package without one is followed to the -dev packages it depends on. A `-` says that
nothing is needed at run time.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
SUITES = ["bullseye", "bookworm", "trixie"]
EVERYWHERE = {"libc6", "libgcc-s1", "libcrypt1", "libstdc++6", "libgcc1"}
NO_LIBRARY = ("-dev", "-bin", "-tools", "-base", "-proto", "-plugins", "-doc")
HEADERS_ONLY = """libboost-dev libc-dev libc6-dev libeigen3-dev libgtest-dev linux-headers-generic linux-libc-dev
    nlohmann-json3-dev rapidjson-dev uthash-dev""".split()
BY_HAND = {"gfortran": "libgfortran5"} | dict.fromkeys(HEADERS_ONLY, "-")


def index(path):
    """Package name → its source, section and dependencies."""
    packages, provided = {}, {}
    for stanza in pathlib.Path(path).read_text(encoding="utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][A-Za-z-]*): (.*)$", stanza, re.M))
        name = fields.get("Package")
        if not name:
            continue
        wanted = [re.split(r"[ (:|]", part.strip())[0] for part in fields.get("Depends", "").split(",") if part.strip()]
        source = fields.get("Source", name).split(" ")[0]
        packages[name] = (source, fields.get("Section", "").split("/")[-1], wanted)
        for part in fields.get("Provides", "").split(","):
            virtual = part.strip().split(" ")[0]
            if virtual.endswith("-dev"):
                provided.setdefault(virtual, name)
    for virtual, name in provided.items():
        packages.setdefault(virtual, packages[name])
    return packages


def twins(name, packages, depth=0):
    """The runtime libraries of a -dev package."""
    if name not in packages or depth > 3:
        return []
    source, _, wanted = packages[name]
    known = [other for other in wanted if other in packages and other not in EVERYWHERE]
    libraries = [other for other in known if packages[other][1] in ("libs", "oldlibs")]
    libraries = [other for other in libraries if not other.endswith(NO_LIBRARY)]
    own = [other for other in libraries if packages[other][0] == source]
    headers = [other for other in known if other.endswith(("-dev", "-dev-compat", "-multidev"))]
    same = [other for other in headers if packages[other][0] == source]
    found = own or [twin for other in same for twin in twins(other, packages, depth + 1)]
    found = found or libraries or [twin for other in headers[:3] for twin in twins(other, packages, depth + 1)]
    return list(dict.fromkeys(found))


def main():
    """Writes the table."""
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    suites = {suite: index(given[suite]) for suite in SUITES if suite in given}
    rows = (HERE / "apt-packages.tsv").read_text(encoding="utf-8").splitlines()[1:]
    wanted = sorted({row.split("\t")[0] for row in rows if row.split("\t")[1] == "dev-headers"} | set(BY_HAND))
    lines = ["\t".join(["apt", *SUITES, "source"])]
    for name in wanted:
        if name in BY_HAND:
            cells = [BY_HAND[name]] * len(SUITES)
        else:
            cells = [" ".join(twins(name, suites[suite])) if suite in suites else "" for suite in SUITES]
        if any(cells):
            lines.append("\t".join([name, *cells, "Depends of the Debian archive, amd64, main, 2026-11-24"]))
    (HERE / "debian-twins.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"debian-twins.tsv\t{len(lines) - 1}")


if __name__ == "__main__":
    main()
