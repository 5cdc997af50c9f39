"""Hub: datasets of the Hugging Face Hub by name, and the configurations that a dataset's card or its folders tell."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from negviz.errors import DataError
from negviz.loaders import _parts as parts_of
from negviz.loaders._columns import key
from negviz.loaders._source import COMPRESSED, ENDINGS, Source, ending, is_table

CARD = "README.md"
DATA = (*(f"*{end}" for end in ENDINGS), *(f"*{end}" for end in COMPRESSED), "*.trec", "*.run", "*.qrels", CARD)
ID = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?::(?P<config>[\w.-]+))?")


class Found(NamedTuple):
    """A dataset with configurations.

    Attributes:
        place: Its folder.
        files: Its files, those of the chosen configuration alone if one was named.
        configs: Files of each configuration.
        splits: Files of each split, where the card says so.
        alias: Short name, empty where the folder has it.
        about: Facts for people: where it comes from, its licence.
    """

    place: Path
    files: tuple[str, ...]
    configs: Mapping[str, Sequence[str]]
    splits: Mapping[str, frozenset[str]]
    alias: str = ""
    about: Mapping[str, Any] = {}


def is_id(text: str) -> bool:
    """Whether a text may name a dataset of the Hub: ``ORGANISATION/NAME``, with ``:CONFIGURATION`` behind it or not."""
    found = ID.fullmatch(text)
    return bool(found) and ending(found["name"]) not in ENDINGS and not found["name"].endswith(COMPRESSED)  # type: ignore[index]


def fetch(text: str) -> Found:
    """Fetch a dataset into the usual cache of the Hub, its data files alone.

    Args:
        text: ``ORGANISATION/NAME`` or ``ORGANISATION/NAME:CONFIGURATION``.

    Raises:
        DataError: If there is no such dataset or configuration, or the Hub cannot be reached.
    """
    found = ID.fullmatch(text)
    if found is None:
        raise DataError(f"'{text}' is no name of a dataset on the Hub, which is ORGANISATION/NAME.")
    name, config = found["name"], found["config"]
    wanted: Sequence[str] = DATA
    if config:
        # The card alone says which files a configuration has: the others may be large.
        patterns = _patterns(_front(_download(name, [CARD], text) / CARD)).get(config, {})
        wanted = [CARD, *(each for listed in patterns.values() for each in listed)]
        wanted = wanted if patterns else [f"*{config}*", CARD]
    place = _download(name, wanted, text)
    described = _described(place, _all_files(place))
    about = {"hub": name, "revision": place.name, **({"configuration": config} if config else {}), **described.about}
    alias = name.rpartition("/")[2] + (f"-{config}" if config else "")
    chosen = described._replace(alias=alias, about=about)
    return choose(chosen, config, name) if config else chosen


def described(place: Path) -> Found | None:
    """A local folder whose card tells configurations, None where there is none."""
    if not place.is_dir() or not _patterns(_front(place / CARD)):
        return None
    return _described(place, _all_files(place))


def of_folder(place: Path, config: str) -> Found:
    """One configuration of a local folder.

    Raises:
        DataError: If there is none of that name.
    """
    found = _described(place, _all_files(place))._replace(alias=f"{place.name}-{config}")
    return choose(found, config, str(place))


def choose(found: Found, config: str, name: str) -> Found:
    """A dataset with the files of one configuration alone, or of those whose names have its words.

    Raises:
        DataError: If there is none; names those that there are.
    """
    words = set(re.split(r"\W+|_", config.lower()))
    fitting = [
        each for each in found.configs if each == config
    ] or [each for each in found.configs if words <= set(re.split(r"\W+|_", each.lower()))]  # fmt: skip
    if not fitting:
        raise DataError(f"{name} has no configuration '{config}'; there are {_listed(found.configs)}.")
    files = sorted({file for each in fitting for file in found.configs[each]})
    return found._replace(files=tuple(files), configs={each: found.configs[each] for each in fitting})


def refuse_several(source: Source, found: Found) -> None:
    """Refuse a dataset whose configurations differ in their columns, so that their rows make no single table.

    Raises:
        DataError: Names the configurations, and how to choose one.
    """
    columns = {
        name: frozenset(re.sub(r"\d+$", "", key(column)) for column in row)
        for name, files in found.configs.items()
        if (row := next(filter(None, (parts_of.first_row(source, file) for file in files if is_table(file))), None))
    }
    if len(set(columns.values())) > 1:
        raise DataError(
            f"{found.about.get('hub') or found.place.name} has configurations that differ in their columns "
            f"({_listed(columns)}); name one behind a colon, as in "
            f"{found.about.get('hub') or found.place}:{min(columns)}."
        )


def _download(name: str, wanted: Sequence[str], text: str) -> Path:
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        return Path(huggingface_hub.snapshot_download(name, repo_type="dataset", allow_patterns=list(wanted)))
    except GatedRepoError:
        raise DataError(
            f"The dataset '{name}' of the Hugging Face Hub asks for consent first; agree on its page, log in with "
            "'hf auth login', and try again."
        ) from None
    except RepositoryNotFoundError:
        raise DataError(
            f"There is no file or folder '{text}', and no dataset of that name on the Hugging Face Hub (a private one "
            "needs 'hf auth login')."
        ) from None
    except (OSError, ValueError):
        raise DataError(
            f"There is no file or folder '{text}', and the Hugging Face Hub cannot be reached; if it is a dataset "
            f"there, run 'hf download {name} --repo-type dataset --local-dir DIR' where there is a network, and give "
            "that folder."
        ) from None


def _described(place: Path, files: Sequence[str]) -> Found:
    front = _front(place / CARD)
    patterns = _patterns(front)
    configs: dict[str, Sequence[str]] = {}
    splits: dict[str, frozenset[str]] = {}
    for name, by_split in patterns.items():
        for split, listed in by_split.items():
            fitting = [file for file in files if any(fnmatch(file, pattern) for pattern in listed)]
            configs[name] = [*configs.get(name, []), *(file for file in fitting if file not in configs.get(name, []))]
            splits[split] = splits.get(split, frozenset()) | frozenset(fitting)
    configs = {name: listed for name, listed in configs.items() if listed} or _by_folder(files)
    licence = front.get("license")
    about = {"licence": licence if isinstance(licence, str) else ", ".join(map(str, licence))} if licence else {}
    return Found(place, tuple(files), configs, {name: listed for name, listed in splits.items() if name}, "", about)


def _by_folder(files: Iterable[str]) -> dict[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for file in files:
        if is_table(file):
            found.setdefault(parts_of.config_of(file) or "default", []).append(file)
    return {**found}


def _front(card: Path) -> Mapping[str, Any]:
    """What a card says of itself at its top; empty where it says nothing that can be read."""
    try:
        text = card.read_text("utf-8")
        found = yaml.safe_load(text.split("---", 2)[1]) if text.startswith("---") else None
    except (OSError, UnicodeDecodeError, IndexError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def _patterns(front: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Paths of each configuration by split; the empty split where none is said."""
    configs = front.get("configs")
    found: dict[str, dict[str, list[str]]] = {}
    for entry in configs if isinstance(configs, list) else []:
        if isinstance(entry, dict) and "config_name" in entry:
            folder = str(entry.get("data_dir") or "").strip("/")
            listed = dict(_by_split(entry.get("data_files", f"{folder}/*" if folder else [])))
            found[str(entry["config_name"])] = {split: paths for split, paths in listed.items() if paths}
    return {name: by_split for name, by_split in found.items() if by_split}


def _by_split(value: Any) -> Iterator[tuple[str, list[str]]]:
    if isinstance(value, dict):
        yield from ((str(split), _paths(paths)) for split, paths in value.items())
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        entries = (each for each in value if isinstance(each, dict))
        yield from ((str(each.get("split", "")), _paths(each.get("path"))) for each in entries)
    else:
        yield "", _paths(value)


def _paths(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [each.removeprefix("./") for each in listed if isinstance(each, str)]


def _all_files(place: Path) -> list[str]:
    """Files of a folder at any depth; what is hidden is left out."""
    found = (path.relative_to(place) for path in place.rglob("*") if path.is_file())
    return sorted(each.as_posix() for each in found if not any(part.startswith((".", "__")) for part in each.parts))


def _listed(names: Iterable[str]) -> str:
    known = sorted(names)
    return ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
