"""Figures as tables, as Markdown for the manual, and as JSON that grows part by part."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scripts.benchmark.measurement import EXACT, GENSIM, NUMPY, OURS, machine

_COLUMNS = (GENSIM, NUMPY, "FAISS Flat", EXACT, OURS)
_DASH = "–"


def merge(path: Path, subject: str, found: Mapping[str, Any], to_tables: bool = False) -> None:
    """Put ``found`` beside what the JSON at ``path`` has of other subjects and of other parts; with ``to_tables`` its
    rows beside the others of the same tables, too.
    """
    results = load([path]) if path.exists() else {}
    results["machine"] = machine()
    results[subject] = _joined(results.get(subject, {}), found, 3 if to_tables else 1)
    part = path.with_name(f".{path.name}.partial")
    part.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.rename(path)


def _joined(old: Mapping[str, Any], new: Mapping[str, Any], levels: int) -> dict[str, Any]:
    both = {key for key in old if levels > 1 and isinstance(old[key], dict) and isinstance(new.get(key), dict)}
    return {**old, **new, **{key: _joined(old[key], new[key], levels - 1) for key in old if key in both}}


def load(paths: Iterable[Path]) -> dict[str, Any]:
    """The figures of several files; of the same part of the same subject those of the last file count."""
    results: dict[str, Any] = {}
    for path in paths:
        for subject, found in json.loads(path.read_text(encoding="utf-8")).items():
            results[subject] = {**results.get(subject, {}), **found}
    return results


def show_all(results: Mapping[str, Any], markdown: bool) -> None:
    if markdown:
        print(summary_tables(results))
        return
    for subject, found in results.items():
        for part, figures in found.items():
            if isinstance(figures, dict):
                show(f"{part}, {subject}", figures, markdown)


def show(title: str, found: Mapping[str, Any], markdown: bool = False) -> None:
    """Each table of a part, then what is no table."""
    print(f"\n### {title}" if markdown else f"\n{title}")
    tables = {name: rows for name, rows in found.items() if isinstance(rows, dict) and rows}
    for name, rows in tables.items():
        if not all(isinstance(entries, dict) for entries in rows.values()):
            rows = {row: {"": value} for row, value in rows.items()}
        columns = list(dict.fromkeys(column for entries in rows.values() for column in entries))
        cells = [[name, *columns]]
        cells += [[row, *(_cell(entries.get(column, "")) for column in columns)] for row, entries in rows.items()]
        print(_markdown_table(cells) if markdown else _plain_table(cells))
    for name, value in found.items():
        if not isinstance(value, dict):
            print(f"{name}: {value}")


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def _plain_table(cells: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = []
    for first, *others in cells:
        right = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        lines.append("   ".join((first.ljust(widths[0]), *right)).rstrip())
    return "\n".join(lines) + "\n"


def _markdown_table(cells: list[list[str]]) -> str:
    head, *rows = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join(["", head, "|---" * len(cells[0]) + "|", *rows]) + "\n"


# ---- The manual's tables


def summary_tables(results: Mapping[str, Any]) -> str:
    """For each subject what users ask first, and each peer at its fastest setting with a recall@10 of 0.999."""
    texts = []
    for subject, found in results.items():
        if "rows" in found:
            texts.append(f"**{subject}**")
            rows = _summary_rows(found)
            if rows:
                texts.append(_markdown_table([["", *_COLUMNS], *rows]))
            if "search" in found:
                texts.append(_markdown_table(_peer_rows(found["search"])))
            ratios = {
                name: value
                for part in found.values()
                if isinstance(part, dict)
                for name, value in part.get("ratios", {}).items()
            }
            texts.append(
                _markdown_table([["ratio", "times"], *([name, f"{value:g}"] for name, value in ratios.items())])
            )
    return "\n".join(texts)


def _summary_rows(found: Mapping[str, Any]) -> list[list[str]]:
    whole = found.get("whole", {}).get("whole query", {})
    analogies = found.get("search", {}).get("analogies", {})
    building = found.get("search", {}).get("building", {})
    opening, evaluation = found.get("open", {}).get("opening", {}), found.get("evaluate", {}).get("evaluation", {})
    command = found.get("cli", {}).get("a whole process", {})
    alone = {name: analogies.get(name, {}) for name in _COLUMNS} | {
        OURS: analogies.get(f"{OURS} wanted recall 0.999", {})
    }
    times = {GENSIM: command.get(f"{GENSIM}, the same answer", {}), OURS: command.get(OURS, {})}
    wanted = (
        ("a whole query, text to answer, p50", whole, "p50_ms", "{:.2f} ms"),
        ("search alone, p50", alone, "p50_ms", "{:.2f} ms"),
        ("recall@10 on analogy targets", alone, "recall@10", "{:.4f}"),
        ("building the index", {OURS: building.get(OURS, {})}, "build_s", "{:.1f} s"),
        ("Google's questions", evaluation, "seconds", "{:.1f} s"),
        ("accuracy on them", evaluation, "accuracy_%", "{:.2f} %"),
        ("opening", opening, "open_ms", "{:.1f} ms"),
        ("first answer", opening, "first_answer_ms", "{:.1f} ms"),
        ("memory of its own", opening, "private_mb", "{:.1f} MB"),
        ("memory resident", opening, "resident_mb", "{:.1f} MB"),
        ("a whole process", times, "p50_ms", "{:.0f} ms"),
    )
    rows = []
    for title, of, key, form in wanted:
        cells = [form.format(of[name][key]) if key in of.get(name, {}) else _DASH for name in _COLUMNS]
        if set(cells) != {_DASH}:
            rows.append([title, *cells])
    return rows


def _peer_rows(search: Mapping[str, Any], enough: float = 0.999) -> list[list[str]]:
    rows = [["peer", "setting", "recall@10", "p50", "queries/s", "build", "memory"]]
    for peer, building in search["building"].items():
        settings = settings_of(search["analogies"], peer, search["building"])
        reaching = {name: each for name, each in settings.items() if each["recall@10"] >= enough}
        if reaching:
            name, best = max(reaching.items(), key=lambda item: item[1]["queries/s"])
        else:
            name, best = max(settings.items(), key=lambda item: item[1]["recall@10"])
        figures = [f"{best['recall@10']:.4f}", f"{best['p50_ms']:.2f} ms", f"{best['queries/s']:,.0f}"]
        rows.append([peer, name, *figures, f"{building['build_s']:.1f} s", f"{building['memory_mb']:,.0f} MB"])
    rows += [[peer, of["why"], *[_DASH] * 5] for peer, of in search.get("not measured", {}).items()]
    return rows


def settings_of(table: Mapping[str, Any], peer: str, peers: Iterable[str]) -> dict[str, Any]:
    """The rows of ``table`` that are settings of ``peer``: its name, and then the setting's; other names go first."""
    longer = [other for other in peers if other != peer and other.startswith(peer)]
    return {
        name.removeprefix(peer).strip(): figures
        for name, figures in table.items()
        if (name == peer or name.startswith(f"{peer} ")) and not any(name.startswith(other) for other in longer)
    }
