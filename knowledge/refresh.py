#!/usr/bin/env python3
"""Makes the tables of this folder from a folder of collected facts.

    python3 knowledge/refresh.py --from FACTS

FACTS holds apt-to-apk.tsv, apt-patterns.tsv, pypi-musllinux.tsv, base-images.tsv,
base-image-tags.tsv, alpine-releases.tsv, alpine-base-users.tsv and
apk-names-<branch>.txt.gz. The same facts always give the same bytes.
shell-words.tsv, traps.tsv, errors.tsv, dev-twins.tsv, native-modules.tsv, apt-own.tsv, apt-images.tsv
and distribution-programs.tsv are kept by hand: the script sorts and checks them, and lets the rows of
apt-own.tsv take the place of those of apt-to-apk.tsv. An apk name that no branch holds stops the run.
lock-wheels.tsv is made by wheels_from_locks.py.
"""

import argparse
import gzip
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
SHIPPED = ["3.22", "3.23", "3.24"]
CHECKED = ["3.19"] + SHIPPED
APORTS = "aports recipes at each x.y.0 release"
TOOLS = "bash curl git wget openssh-client tini su-exec gosu shadow jemalloc gcompat tzdata".split()
FAMILIES = re.compile(
    r"^(openjdk\d+(-(jdk|jre|jre-headless))?|postgresql\d+(-client|-dev)?|tesseract-ocr-data-.+|font-.+)$"
)
HEADERS_ONLY = """libc-dev libc6-dev libeigen3-dev linux-headers-generic linux-libc-dev nlohmann-json3-dev
    rapidjson-dev""".split()
SKIPPED_PATTERNS = (r"^python3-(.+)$", r"^lib(.+)-perl$", r"^php[0-9.]*-(.+)$")


def read(folder, name):
    """The rows of a table as dicts."""
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    head = lines[0].split("\t")
    rows = []
    for line in lines[1:]:
        cells = line.split("\t")
        rows.append(dict(zip(head, cells + [""] * (len(head) - len(cells)))))
    return rows


def write(name, head, rows):
    """Writes a table: header, then rows sorted bytewise by their first cell."""
    out = {}
    for row in rows:
        cells = [" ".join(str(cell).split()) for cell in row]
        if len(cells) != len(head.split()):
            sys.exit(f"{name}: {cells[0]}: {len(cells)} cells")
        if not cells[-1]:
            sys.exit(f"{name}: {cells[0]}: no source")
        if out.setdefault(cells[0], cells) != cells:
            sys.exit(f"{name}: {cells[0]}: two rows")
    ordered = sorted(out.values(), key=lambda cells: cells[0].encode())
    text = "\t".join(head.split()) + "\n" + "".join("\t".join(cells) + "\n" for cells in ordered)
    (HERE / name).write_text(text, encoding="utf-8")
    print(f"{name}\t{len(ordered)}")


def apk_names(folder):
    """Branch → the names of its packages, subpackages and virtual packages."""
    names = {}
    for branch in CHECKED:
        with gzip.open(folder / f"apk-names-{branch}.txt.gz", "rt", encoding="utf-8") as lines:
            names[branch] = {line.split("\t")[0] for line in lines if not line.startswith("#")}
    return names


class Names:
    """The apk names that the tables mention, checked as they are met."""

    def __init__(self, folder):
        self.known = apk_names(folder)
        self.used = set()

    def use(self, text, where):
        """Notes the names in `text`; stops when no shipped branch holds one."""
        for name in text.split():
            if not any(name in self.known[branch] for branch in CHECKED):
                sys.exit(f"{where}: no branch has a package {name}")
            self.used.add(name)
        return text

    def everywhere(self, name):
        """Whether each shipped branch holds the name."""
        return all(name in self.known[branch] for branch in SHIPPED)


def packages(folder, names):
    """apt-packages.tsv: Debian package → Alpine packages."""
    rows = []
    for row in read(folder, "apt-to-apk.tsv"):
        kind = "build" if row["apt"] in HEADERS_ONLY else row["kind"]
        apk = row["apk"] if kind not in ("none", "no-equivalent") else ""
        runtime = row["runtime_apk"] if apk else ""
        names.use(apk + " " + runtime, row["apt"])
        by = row["made_by"]
        source = f"{APORTS}; by hand" if by == "hand" else f"{APORTS}; {by}"
        rows.append((row["apt"], kind, apk, runtime, row["first_branch"], row["last_branch"], row["note"], source))
    own = read(HERE, "apt-own.tsv")
    rows = [row for row in rows if row[0] not in {row["apt"] for row in own}]
    for row in own:
        names.use(row["apk"] + " " + row["runtime_apk"], row["apt"])
        rows.append(tuple(row.values()))
    write("apt-packages.tsv", "apt kind apk runtime_apk first_branch last_branch note source", rows)
    return rows


def patterns(folder, names):
    """apt-patterns.tsv: ordered rules for names with a version in them."""
    rows = []
    for row in read(folder, "apt-patterns.tsv"):
        if row["regex"] in SKIPPED_PATTERNS:
            continue
        apk = row["apk"] if row["kind"] != "no-equivalent" else ""
        if "\\" not in apk:
            names.use(apk, row["regex"])
        literal = re.match(r"\^([A-Za-z0-9_-]*)", row["regex"]).group(1)
        rest = row["regex"][1 + len(literal):]
        if rest[:1] in ("?", "*", "+", "{"):
            literal = literal[:-1]
        if "|" in re.sub(r"\(.*?\)", "", row["regex"]):
            literal = ""
        note = re.sub(r"(^|; )(e\.g\.|absent:|no Debian|check).*$", "", row["note"])
        rows.append((f"{len(rows):03d}", literal, row["regex"], row["kind"], apk, note, f"{APORTS}; by hand"))
    write("apt-patterns.tsv", "order prefix regex kind apk note source", rows)


def reverse(apt_rows, names):
    """apk-packages.tsv: Alpine package → what it is for, and its runtime twin."""
    kinds, twins, runtime_names = {}, {}, set()
    rank = {"build": 4, "tool": 3, "both": 2, "runtime": 1, "dev-headers": 0}
    for _, kind, apk, runtime, *_ in apt_rows:
        split = apk.split()
        runtime_names.update(runtime.split())
        for name in split:
            own = "dev-headers" if name.endswith("-dev") and kind != "build" else kind
            if own == "dev-headers" and not name.endswith("-dev"):
                continue
            if name not in kinds or rank[own] > rank[kinds[name]]:
                kinds[name] = own
        if len(split) == 1 and runtime and kind in ("dev-headers", "build"):
            old = twins.get(apk)
            if old is None or len(runtime.split()) < len(old.split()):
                twins[apk] = runtime
    for name in runtime_names:
        kinds.setdefault(name, "runtime")
    sources = {name: f"{APORTS}; by hand" for name in kinds}
    for row in read(HERE, "dev-twins.tsv"):
        kinds[row["apk"]] = row["kind"]
        twins[row["apk"]] = row["runtime"]
        sources[row["apk"]] = row["source"]
    for name in TOOLS:
        kinds.setdefault(name, "tool")
        sources.setdefault(name, f"{APORTS}; by hand")
    rows = [
        (name, kinds[name], names.use(twins.get(name, ""), name), sources[name])
        for name in kinds
        if names.use(name, name)
    ]
    write("apk-packages.tsv", "apk kind runtime source", rows)


def older(row):
    """What a version before the first musl wheel needs: (kind, build, runtime)."""
    note = row["note"]
    found = re.search(r"older(?: than [^:]*)?: (.*)", note)
    if not found and row["package"] in OLDER_PURE:
        return ("pure", "", "")
    if not found:
        return ("unknown" if row["verdict"] == "musl-wheel" else "", "", "")
    text = found.group(1)
    if "do not move" in text:
        return ("stay", "", "")
    if "pure Python" in text:
        return ("pure", "", "")
    build, _, runtime = text.partition("; runtime ")
    kind = "heavy" if "very long" in text else "build"
    build = re.sub(r"( and .*|; .*|,.*)$", "", build)
    return (kind, build, re.sub(r";.*$", "", runtime))


FIND_LIBRARY = "finds its library with ctypes.util.find_library, which needs gcc or ld on Alpine (BASE-22)"
LIBRDKAFKA = "compiles against the librdkafka of its own release, and Alpine may have an older one"
# Pure packages that bring one along which does not move, or that find no library on Alpine.
OWN_WHEELS = {
    "accelerate": "needs torch", "databricks-sql-connector": "needs lz4, which compiles",
    "confluent-kafka": LIBRDKAFKA, "librosa": "needs numba", "optimum": "needs torch", "peft": "needs torch",
    "pynndescent": "needs numba", "pyppeteer": "downloads a Chromium that needs glibc",
    "pytest-playwright": "needs playwright", "pyzbar": FIND_LIBRARY,
    "soundfile": FIND_LIBRARY, "timm": "needs torch", "umap-learn": "needs numba", "wand": FIND_LIBRARY,
}


# Packages whose versions before the first wheel for musl have a wheel for any platform, and one of these versions.
OLDER_PURE = {
    "charset-normalizer": "2.1.0", "cython": "0.29.33", "fonttools": "4.38.0", "mypy": "0.971", "tomli": "2.0.1",
}


# Pure packages that allow a version with wheels for musl only from this one of theirs on.
OLDER_STAY = {"mlflow": ("3.0.0", "needs pyarrow before 20")}


def wheels(folder, names):
    """wheels.tsv: Python package → how it installs on musl."""
    first_python = {"numpy": "3.9", "pandas": "3.9", "scipy": "3.9", "matplotlib": "3.9", "pyarrow": "3.9",
                    "shapely": "3.10", "scikit-image": "3.11", "psutil": "3.6",
                    "markupsafe": "3.7"}
    rows = []
    for row in read(folder, "pypi-musllinux.tsv"):
        kind, build, runtime = older(row)
        names.use(" ".join((row["build_apk"], row["runtime_apk"], build, runtime)), row["package"])
        first = row["first_version_seen_with_musl"]
        stated = re.search(r"older than ([0-9.]+):", row["note"])
        first = stated.group(1) if stated else first
        if row["package"] in OWN_WHEELS:
            verdict, note = "do-not-move", OWN_WHEELS[row["package"]]
            rows.append((row["package"], verdict, *[""] * 10, note, "by hand: the package's own metadata on PyPI"))
            continue
        seen = f"lock files of public repositories to {row['seen_on']}" if row["seen_on"] else "by hand"
        if row["package"] in OLDER_PURE:
            seen += f"; the files of {OLDER_PURE[row['package']]} on PyPI"
        rows.append((
            row["package"], row["verdict"], first, row["last_version_seen_manylinux_only"],
            first_python.get(row["package"], ""), row["build_apk"], row["runtime_apk"], kind, build, runtime,
            row["musl_x86_64_tags"].replace(",", " "), row["musl_aarch64_tags"].replace(",", " "), row["note"], seen,
        ))
    for name, (first, needs) in OLDER_STAY.items():
        cells = ("musl-wheel", first, "", "", "", "", "stay", "", "", "py3", "py3", f"older: do not move, {needs}")
        rows.append((name, *cells, "by hand: the package's own metadata on PyPI"))
    head = ("name verdict first_musl last_manylinux_only first_musl_python build_apk runtime_apk "
            "older older_build_apk older_runtime_apk x86_64_tags aarch64_tags note source")
    write("wheels.tsv", head, rows)


def images(folder):
    """images.tsv, image-tags.tsv: official images and the tags they published."""
    official = "docker-library/official-images to 2026-08-22"
    rows = [
        (row["image"], row["alpine_status"].replace(" ", "-"), row["alpine_branches_now"].replace(",", " "),
         row["versions_with_alpine_now"].replace(",", " "), row["alpine_tags"], row["note"], official)
        for row in read(folder, "base-images.tsv")
    ]
    write("images.tsv", "image status branches versions alpine_tags note source", rows)
    rows = []
    for row in read(folder, "base-image-tags.tsv"):
        found = re.search(r"(?:^|-)alpine-?([0-9]+\.[0-9]+)?$", row["variant"])
        branch = found.group(1) or "" if found else ""
        flavour = row["variant"][: found.start()] if found else row["variant"]
        rows.append((
            f"{row['image']}:{row['tag']}", row["image"], row["version"], "alpine" if found else "debian",
            flavour, branch, row["first_seen"], row["dropped"], row["last_full_tag"], official,
        ))
    write("image-tags.tsv", "key image version family flavour branch first_seen dropped last_full_tag source", rows)


def branches(folder):
    """alpine-releases.tsv: branches and the day each one ends."""
    facts = read(folder, "alpine-releases.tsv")
    day = next(name for name in facts[0] if name.startswith("status_")).removeprefix("status_")
    rows = [
        (row["branch"], row["released"], row["eol"], day, row["python3"], row["nodejs"], row["musl"], row["busybox"],
         "endoflife.date; aports " + row["aports_commit"])
        for row in facts
    ]
    write("alpine-releases.tsv", "branch released eol as_of python3 nodejs musl busybox source", rows)


def users(folder):
    """alpine-users.tsv: users and groups of the Alpine base image."""
    rows = [
        (f"{row['kind']}:{row['name']}", row["kind"], row["name"], row["id"].replace("-", ""),
         "yes" if row["alpine"] == "yes" or row["alpine"].startswith("/") else "no", row["debian"], row["note"],
         "alpine-baselayout-data 3.24 passwd and group; Debian base-passwd")
        for row in read(folder, "alpine-base-users.tsv") if row["kind"] in ("user", "group")
    ]
    write("alpine-users.tsv", "key kind name id on_alpine debian_id note source", rows)


def hand(names):
    """Sorts and checks the tables that are kept by hand."""
    for name in ("shell-words.tsv", "traps.tsv", "errors.tsv", "dev-twins.tsv", "native-modules.tsv", "apt-own.tsv", "distribution-programs.tsv", "apt-images.tsv"):
        rows = read(HERE, name)
        for row in rows:
            for column in ("package", "build_apk", "runtime_apk"):
                names.use(row.get(column, ""), name)
        write(name, " ".join(rows[0]), [tuple(row.values()) for row in rows])


def shipped(names):
    """apk-names.tsv: the names the tables use, with the branches that hold them."""
    whole = set().union(*(names.known[branch] for branch in SHIPPED))
    used = names.used | {name for name in whole if FAMILIES.match(name)}
    rows = [
        (name, " ".join(branch for branch in CHECKED if name in names.known[branch]), APORTS)
        for name in used
    ]
    write("apk-names.tsv", "apk branches source", rows)


def main():
    """Makes every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="facts", type=pathlib.Path, required=True)
    folder = parser.parse_args().facts
    names = Names(folder)
    hand(names)
    apt_rows = packages(folder, names)
    patterns(folder, names)
    reverse(apt_rows, names)
    wheels(folder, names)
    images(folder)
    branches(folder)
    users(folder)
    shipped(names)


if __name__ == "__main__":
    main()
