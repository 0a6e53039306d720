"""From the record of forward.py to ratios, a Markdown table, a list of missed targets and an SVG plot. Pure Python."""
import html, json, math, pathlib, statistics

PEERS = json.loads((pathlib.Path(__file__).parent / "peers.json").read_text())
UNITS = {"TFLOP/s": 1e9, "GFLOP/s": 1e6}  # operations per millisecond
TITLES = {"fovea": "Fovea", "reference": "reference", "cudnn": "cuDNN", "sdpa": "PyTorch SDPA",
          "flash": "flash (FA2)", "flex": "FlexAttention", "mosaic": "Mosaic GPU", "fa3": "FA3*", "fa4": "FA4*"}
COLORS = {"fovea": "#d62728", "reference": "#444444", "cudnn": "#2ca02c", "sdpa": "#2ca02c", "flash": "#9467bd",
          "flex": "#8c564b", "mosaic": "#e377c2", "fa3": "#1f77b4", "fa4": "#ff7f0e"}
OTHER_COLORS = ["#bcbd22", "#17becf", "#7f7f7f"]


def flops(batch, heads, length, dim, causal):
    return 4 * batch * heads * length * length * dim * (0.5 if causal else 1)


def dump(data):
    """A record as JSON, with a line for each contestant of a cell."""
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in data.items() if key != "cells"]
    cells = []
    for key, cell in data["cells"].items():
        rest = json.dumps({k: v for k, v in cell.items() if k != "contestants"})[1:-1]
        each = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in cell["contestants"].items())
        cells.append(f"  {json.dumps(key)}: {{{rest}, \"contestants\": {{\n{each}}}}}")
    return "{\n" + ",\n".join(lines + [' "cells": {\n' + ",\n".join(cells) + "}"]) + "\n}\n"


def figures(cell, name):
    """(median, least, most) over the rounds in the cell's unit, TFLOP/s without one; None if it was not measured."""
    rounds = cell["contestants"].get(name, {}).get("rounds")
    if not rounds:
        return None
    unit = UNITS[cell.get("unit", "TFLOP/s")]
    rates = [cell["flops"] / statistics.median(times) / unit for times in rounds]
    return statistics.median(rates), min(rates), max(rates)


def published(cell, name):
    """What a peer that is not in the run would make here: its published ratio to cuDNN, times this run's cuDNN."""
    key = f"{cell['dim']} {'causal' if cell['causal'] else 'full'}"
    cudnn = figures(cell, "cudnn")
    if cell["dtype"] != "bf16" or cell["mode"] != "burst" or key not in PEERS["forward"] or not cudnn or \
            cell["length"] not in PEERS["lengths"] or cell["batch"] * cell["length"] != 16384 or \
            abs(cell["heads"] * cell["dim"] - 2048) >= cell["dim"]:
        return None
    row = dict(zip(PEERS["order"], PEERS["forward"][key][PEERS["lengths"].index(cell["length"])]))
    return row[name] / row["cudnn"] * cudnn[0]


def rate(cell, name):
    if name in ("fa3", "fa4"):
        return published(cell, name)
    found = figures(cell, name)
    return found and found[0]


def ratio(cell, ours, name):
    """Ours over a contestant, over the best of cuDNN, FA3 and FA4 ("best"), or None. A wrong result has no ratio."""
    if not cell["contestants"].get(ours, {}).get("ok", False):
        return None
    others = ["cudnn", "fa3", "fa4"] if name == "best" else [name]
    rates = [r for r in (rate(cell, other) for other in others) if r]
    mine = rate(cell, ours)
    return mine / max(rates) if mine and rates else None


def geometric_mean(values):
    values = [value for value in values if value]
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def number(value, digits=0):
    return "-" if value is None else f"{value:.{digits}f}"


def order(cells):
    """The contestants' names, ours first, then as first seen, and FA3, FA4 where they can be derived."""
    names = sorted(dict.fromkeys(name for cell in cells for name in cell["contestants"]), key=lambda n: n != "fovea")
    return names + [name for name in ("fa3", "fa4") if any(published(cell, name) for cell in cells)]


def status(cell, name):
    """What to say of a contestant instead of, or beside, its figure."""
    data = cell["contestants"].get(name, {})
    if "reason" in data:
        return "failed" if data.get("rounds") is None else ""
    return "" if data.get("ok", True) else " WRONG"


def groups(cells):
    """The cells of one table each: same mode, dtype and head dim."""
    found = {}
    for cell in cells:
        found.setdefault((cell["mode"], cell["dtype"], cell["dim"]), []).append(cell)
    return found


def table(cells, ours="fovea"):
    """Markdown tables of TFLOP/s, one for each mode, dtype and head dim, with geometric means of the ratios."""
    lines = []
    for (mode, dtype, dim), rows in groups(cells).items():
        names = order(rows)
        ratios = [name for name in ("cudnn", "reference", "best") if any(ratio(cell, ours, name) for cell in rows) and
                  (name != "best" or "fa3" in names)]
        heads = [TITLES.get(n, n) for n in names] + [f"/ {TITLES.get(r, 'best peer')}" for r in ratios]
        lines += ["", f"Forward, {dtype}, head dim {dim}, {mode}: TFLOP/s, median of rounds (least..most)", "",
                  "| mask | S | " + " | ".join(heads) + " | max error | MHz, W |",
                  "|---|---|" + "---|" * (len(heads) + 2)]
        for cell in rows:
            texts = []
            for name in names:
                found = figures(cell, name)
                text = number(rate(cell, name)) if not status(cell, name) == "failed" else "failed"
                if found and name in (ours, "reference", "cudnn"):
                    text += f" ({found[1]:.0f}..{found[2]:.0f})"
                texts.append(text + (status(cell, name) if text != "failed" else ""))
            texts += [number(ratio(cell, ours, name), 3) for name in ratios]
            data = cell["contestants"].get(ours, {})
            samples = data.get("samples") or [{}]
            load = [statistics.median(s[k] for s in samples if s.get(k)) if any(s.get(k) for s in samples) else None
                    for k in ("mhz", "watts")]
            error = data.get("check", {}).get("max")
            lines.append(f"| {'causal' if cell['causal'] else 'full'} | {cell['length']} | " + " | ".join(texts) +
                         f" | {'-' if error is None else f'{error:.1e}'} | {number(load[0])}, {number(load[1])} |")
        for mask in ("full", "causal", "all"):
            chosen = [c for c in rows if mask == "all" or c["causal"] == (mask == "causal")]
            means = [geometric_mean([ratio(cell, ours, name) for cell in chosen]) for name in ratios]
            if ratios and chosen:
                lines.append(f"| {mask} | geometric mean | " + " | " * len(names) +
                             " | ".join(f"**{number(mean, 3)}**" for mean in means) + " | | |")
    if any(published(cell, "fa3") for cell in cells):
        lines += ["", "\\* derived: " + PEERS["source"] + "."]
    return "\n".join(lines).strip() + "\n"


def missed(cells, ours="fovea"):
    """The targets that were not reached, one line each."""
    found = []
    for cell in cells:
        where = f"{cell['mode']} {cell['dtype']} D{cell['dim']} {'causal' if cell['causal'] else 'full'} " \
                f"S{cell['length']}"
        if ours not in cell["contestants"]:
            found.append(f"{where}: no program")
            continue
        if not cell["contestants"][ours].get("rounds"):
            found.append(f"{where}: failed: {cell['contestants'][ours].get('reason')}")
            continue
        if not cell["contestants"][ours].get("ok", False):
            found.append(f"{where}: wrong result")
        if cell["mode"] != "burst":
            continue
        targets = [("reference", 0.97), ("best", 1.0)] if cell["dtype"] == "bf16" else [("cudnn", 1.05)]
        for name, target in targets:
            got = ratio(cell, ours, name)
            if got is not None and got < target:
                best = TITLES.get(name, "the best of cuDNN, FA3*, FA4*")
                found.append(f"{where}: {got:.3f} of {best}, target {target}")
    for (mode, dtype, dim), rows in groups(cells).items():
        mean = geometric_mean([ratio(cell, ours, "reference") for cell in rows])
        if mode == "burst" and mean is not None and mean < 1:
            found.append(f"{mode} {dtype} D{dim}: geometric mean {mean:.3f} of the reference, target 1.0")
    return found


def plot(cells, title="", ours="fovea"):
    """An SVG with a panel for each mode, dtype, head dim and mask: the rate over the length."""
    panels = []
    for (mode, dtype, dim), rows in groups(cells).items():
        for causal in (False, True):
            chosen = sorted((c for c in rows if c["causal"] == causal), key=lambda c: c["length"])
            if chosen:
                panels.append((f"{dtype}, D {dim}, {'causal' if causal else 'full'}"
                               f"{'' if mode == 'burst' else ', ' + mode}", chosen))
    names = order(cells)
    others = iter(OTHER_COLORS * len(names))
    colors = {name: COLORS.get(name) or next(others) for name in names}
    width, height, left, top, columns = 380, 250, 46, 30, 2
    across, down = min(columns, max(1, len(panels))), max(1, -(-len(panels) // columns))
    total = (across * (width + 20) + left, down * (height + 58) + top + 24)
    most = max([rate(c, n) or 0 for c in cells for n in names] + [1])
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, math.inf) if most / s <= 9)
    step, highest = (most, most) if step == math.inf else (step, step * math.ceil(most / step))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total[0]} {total[1]}" font-family="sans-serif" '
           f'font-size="11">', f'<rect width="{total[0]}" height="{total[1]}" fill="white"/>',
           f'<text x="{left}" y="18" font-size="13">{html.escape(title)}</text>']
    for index, (name, chosen) in enumerate(panels):
        x0 = left + index % columns * (width + 20)
        y0 = top + 16 + index // columns * (height + 58)
        lengths = [c["length"] for c in chosen]

        def at(position, value, x0=x0, y0=y0, count=len(lengths)):
            share = position / (count - 1) if count > 1 else 0.5
            return f"{x0 + 14 + share * (width - 60):.1f},{y0 + height * (1 - value / highest):.1f}"
        out.append(f'<text x="{x0}" y="{y0 - 6}" font-weight="bold">{html.escape(name)}</text>')
        for tick in range(int(highest / step) + 1):
            y = y0 + height * (1 - tick * step / highest)
            out.append(f'<path d="M{x0} {y:.1f}h{width - 30}" stroke="#ddd"/>'
                       f'<text x="{x0 - 5}" y="{y + 4:.1f}" text-anchor="end">{tick * step:g}</text>')
        for position, length in enumerate(lengths):
            out.append(f'<text x="{at(position, 0).split(",")[0]}" y="{y0 + height + 15}" text-anchor="middle">'
                       f'{length}</text>')
        for who in reversed(names):
            points = [at(p, rate(c, who)) for p, c in enumerate(chosen) if rate(c, who)]
            style = f'stroke="{colors[who]}" fill="none" stroke-width="{2.5 if who == ours else 1.4}"' + \
                (' stroke-dasharray="4 3"' if who in ("fa3", "fa4") else "")
            if points:
                dots = "".join("M{},{}h0".format(*p.split(",")) for p in points)
                out.append(f'<polyline points="{" ".join(points)}" {style}/>'
                           f'<path d="{dots}" stroke="{colors[who]}" stroke-width="4.4" stroke-linecap="round"/>')
    x = left
    for who in names:
        label = TITLES.get(who, who)
        out.append(f'<path d="M{x} {total[1] - 14}h16" stroke="{colors[who]}" stroke-width="3"/>'
                   f'<text x="{x + 20}" y="{total[1] - 10}">{html.escape(label)}</text>')
        x += 34 + 7 * len(label)
    return "\n".join(out + ["</svg>"]) + "\n"


def self_test():
    """Checks the arithmetic on a made-up record."""
    def cell(length, causal, dtype="bf16", mode="burst", **rates):
        batch = 16384 // length
        work = flops(batch, 16, length, 128, causal)
        of = lambda r: {"rounds": [[work / (r * f) / 1e9] * 3 for f in (0.9, 1.0, 1.2)], "ok": True,
                        "check": {"max": 1e-3}, "samples": [{"mhz": 1700, "watts": 600}]}
        return dict(mode=mode, dtype=dtype, dim=128, causal=causal, length=length, batch=batch, heads=16, flops=work,
                    contestants={name: of(r) for name, r in rates.items()})
    cells = [cell(4096, False, fovea=800, cudnn=685, reference=772),
             cell(16384, False, fovea=700, cudnn=667, reference=797), cell(4096, True, fovea=640, cudnn=587, flash=300),
             cell(512, True, "f16", fovea=350, cudnn=350),
             cell(1024, True, "f16", fovea=440, cudnn=440),
             cell(4096, False, mode="sustained", fovea=600, cudnn=500)]
    cells[2]["contestants"]["mosaic"] = {"reason": "no module named jax"}
    cells[3]["contestants"]["fovea"]["ok"] = False
    close = lambda a, b: abs(a - b) < 1e-9 * abs(b)
    assert flops(1, 16, 16384, 128, True) == 2 * 16 * 16384 ** 2 * 128
    assert all(close(a, b) for a, b in zip(figures(cells[0], "fovea"), (800, 720, 960)))
    assert figures(cells[0], "flash") is None and figures(cells[2], "mosaic") is None
    assert close(rate(cells[0], "fa3"), 739) and close(rate(cells[0], "fa4"), 724)
    assert rate(cells[3], "fa3") is None and rate(cells[5], "fa3") is None
    assert close(ratio(cells[0], "fovea", "best"), 800 / 739)
    assert close(ratio(cells[1], "fovea", "reference"), 700 / 797)
    assert close(geometric_mean([2, None, 8]), 4) and geometric_mean([]) is None
    lines = missed(cells)
    for part in ("full S16384: 0.878 of reference", "full S16384: 0.921 of the best", "causal S4096: 0.917 of the best",
                 "f16 D128 causal S512: wrong result", "f16 D128 causal S1024: 1.000 of cuDNN, target 1.05",
                 "burst bf16 D128: geometric mean 0.954"):
        assert any(part in line for line in lines), (part, lines)
    assert len(lines) == 6, lines
    text = table(cells)
    assert "| full | 4096 | 800 (720..960) | 685 (616..822) | 772 (695..926) |" in text, text
    assert "350 (315..420) WRONG" in text and "failed" in text and "sustained" in text, text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.count("|") == columns_of(text, line), line
    import xml.dom.minidom
    picture = xml.dom.minidom.parseString(plot(cells, "a < b"))
    assert len(picture.getElementsByTagName("polyline")) >= 10
    xml.dom.minidom.parseString(plot([]))
    return text


def columns_of(text, line):
    """The number of bars in the header above a line of a table."""
    lines = text.splitlines()
    at = lines.index(line)
    while lines[at - 1].startswith("|"):
        at -= 1
    return lines[at].count("|")
