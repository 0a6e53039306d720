"""numerics.py --self-test: what the grid covers, which manifests are refused; with torch, that mistakes are found."""
import argparse, math

import manifest, problems
from problems import Problem

PLAIN = {"name": "plain", "program": ".", "dtype": "bf16", "dims": {"dim": 32},
         "args": ["q", "k", "v", "o", "lse", "max"]}
CAUSAL = {**PLAIN, "name": "causal", "semantics": {"causal": "bottom_right"}, "dtype": "f16",
          "layouts": {"q": "bqhd", "k": "bkgd", "v": "bkge", "o": "bqhe", "lse": "bqh", "max": "bqh"}}
RICH = {"name": "rich", "program": ".", "dtype": "f16", "dims": {"dim": 16, "value_dim": 24, "group": 2},
        "args": ["q", "k", "v", "bias", "keep", "alibi", "sink", "offset", "scale", "o", "lse", "max"],
        "semantics": {"causal": "offset", "window": [90, None], "softcap": 20},
        "layouts": {"bias": "1hqk", "keep": "qk"}}
SINGLE = {"name": "single", "program": ".", "dtype": "f32", "dims": {"dim": 16, "keys": 200},
          "layouts": {"q": "qd", "k": "kd", "v": "ke", "o": "qe"}}

BAD = [
    ({"name": "a:b"}, "without ':'"),
    ({"dtype": "f8"}, "'dtype' is one of"),
    ({"args": ["q", "k", "v"]}, "q, k, v and o"),
    ({"args": ["q", "k", "v", "o", "o"]}, "twice"),
    ({"args": ["q", "k", "v", "o", "w"]}, "are of"),
    ({"dims": {}}, "'dim'"),
    ({"dims": {"dim": 8, "width": 1}}, "'dims' are of"),
    ({"semantics": {"causal": "left"}}, "'causal' is"),
    ({"semantics": {"causal": "offset"}}, "lacks"),
    ({"semantics": {"window": [1]}}, "[left, right]"),
    ({"semantics": {"bias": True}}, "stands in 'args'"),
    ({"layouts": {"q": "bhqe"}}, "layout of 'q'"),
    ({"layouts": {"k": "bggkd"}}, "layout of 'k'"),
    ({"rescale": "lazy"}, "'rescale' is"),
    ({"tolerances": {}}, "unknown keys"),
    ({"tolerance": {"mode": 1}}, "'tolerance' is of"),
]

# What the model does wrong, the program and the problem, and a part of what must be said of it. None: nothing is said.
FAULTS = [
    (None, PLAIN, "b2,h4,g2,q64,k129,o0,peaky,s1", None),
    (None, CAUSAL, "b1,h2,g1,q129,k64,o-65,normal,s1", None),
    (None, RICH, "b2,h4,g2,q64,k129,o40,masked,s1", None),
    (None, RICH, "b1,h2,g1,q64,k400,o10,nan,s2", None),
    (None, RICH, "b1,h2,g1,q7,k7,o0,inf,s3", None),
    (None, CAUSAL, "b1,h2,g1,q64,k200,o136,rising,s3", None),
    (None, PLAIN, "b2,h4,g2,q64,k0,o0,normal,s1", None),
    (None, SINGLE, "b1,h1,g1,q7,k200,o0,low,s1", None),
    ("mask", CAUSAL, "b1,h2,g1,q64,k64,o0,normal,s1", "o: "),
    ("heads", PLAIN, "b1,h4,g2,q64,k64,o0,normal,s1", "o: "),
    ("tail", PLAIN, "b1,h1,g1,q64,k129,o0,normal,s1", "o: "),
    ("guard", CAUSAL, "b1,h1,g1,q129,k64,o-65,normal,s1", "have NaN in one"),
    ("rescale", PLAIN, "b1,h1,g1,q64,k129,o0,rising,s1", "o: "),
    ("base", PLAIN, "b1,h1,g1,q64,k64,o0,normal,s1", "lse: error"),
    ("refuse", PLAIN, "b1,h1,g1,q64,k129,o0,normal,s1", "refused: no variant"),
    ("beyond", PLAIN, "b1,h1,g1,q64,k64,o0,normal,s1", "have NaN in one"),
    ("noise", PLAIN, "b1,h1,g1,q64,k64,o0,normal,s1", "repeats have other bits"),
    ("spill", PLAIN, "b1,h1,g1,q64,k64,o0,normal,s5", "o: memory beside it changed"),
    ("input", PLAIN, "b1,h1,g1,q64,k64,o0,normal,s1", "q: memory of an input changed"),
    ("unwritten", CAUSAL, "b2,h2,g1,q64,k64,o0,normal,s1", "have NaN in one"),
]


def check_manifests():
    for change, text in BAD:
        try:
            manifest.Entry({**PLAIN, **change})
        except manifest.ManifestError as error:
            assert text in str(error), (change, str(error))
            continue
        raise AssertionError(f"accepted: {change}")
    assert not manifest.Entry(PLAIN).times(dict(dtype="bf16", causal=False, length=512, dim=32, heads=16, batch=1))


def check_grid():
    entry = manifest.Entry(RICH)
    made = problems.problems_of(entry)
    assert made == problems.problems_of(entry) and made != problems.problems_of(entry, seed=1)
    assert all(Problem.parse(str(problem)) == problem for problem in made)
    lengths = {problem.queries for problem in made} | {problem.keys for problem in made}
    assert lengths >= {0, *problems.LENGTHS} and {problem.kind for problem in made} == set(problems.KINDS)
    assert any(problem.batch == 0 for problem in made)
    assert all(problem.heads == 2 * problem.kv_heads for problem in made)
    assert sum(problem.queries != problem.keys for problem in made) > 14
    assert {p.heads // p.kv_heads for p in problems.problems_of(manifest.Entry(PLAIN))} == {1, 2, 4, 8}
    for problem in problems.problems_of(manifest.Entry(CAUSAL)):
        assert problem.offset == problem.keys - problem.queries
    for problem in problems.problems_of(manifest.Entry(SINGLE)):
        assert (problem.batch, problem.heads, problem.kv_heads, problem.keys) == (1, 1, 1, 200)
    fixed = manifest.Entry({**PLAIN, "dims": {"dim": 8, "heads": 16, "kv_heads": 4, "batch": 2, "queries": 100}})
    assert {(p.batch, p.heads, p.kv_heads, p.queries) for p in problems.problems_of(fixed)} == {(2, 16, 4, 100)}
    reduced, exhaustive = (len(problems.problems_of(entry, **{how: True})) for how in ("reduced", "exhaustive"))
    assert reduced < len(made) < exhaustive
    assert not any(p.kind == "masked" for p in problems.problems_of(manifest.Entry(PLAIN)))


def check_faults(numerics, torch):
    options = argparse.Namespace(sanitize=False, repeats=4, problem="")
    for fault, data, text, expected in FAULTS:
        entry = manifest.Entry(data)
        said = []
        problem = Problem.parse(text)
        tally = numerics.run_entry(torch, entry, numerics.SimulatedRunner(torch, entry, fault), [problem], options,
                                   said.append, 0)
        where = f"{fault} in {entry.name}:{text}: {said}"
        if expected is None:
            assert tally.passed == 1 and not said, where
        else:
            assert tally.passed == 0 and any(expected in complaint for complaint in said[0][1]), where
    entry = manifest.Entry({**PLAIN, "refuses": ["no variant"]})
    tally = numerics.run_entry(torch, entry, numerics.SimulatedRunner(torch, entry, "refuse"),
                               [Problem.parse("b1,h1,g1,q64,k129,o0,normal,s1")], options, print, 0)
    assert len(tally.refused) == 1 and not tally.failed


def check_model(torch):
    """The reference against scalar loops over the definition."""
    import attention_model
    entry = manifest.Entry({**RICH, "dtype": "f64"})
    types = {role: torch.float64 for role in entry.args} | {"keep": torch.bool}
    x = problems.inputs_of(torch, entry, Problem.parse("b2,h4,g2,q5,k9,o3,masked,s1"), types)
    got = attention_model.evaluate(torch, x, torch.float64)
    pick = lambda t, *at: t[tuple(min(i, n - 1) for i, n in zip(at, t.shape))].item()
    for b in range(2):
        for h in range(4):
            for i in range(5):
                s = []
                for j in range(9):
                    dot = sum(pick(x.q, b, h, i, d) * pick(x.k, b, h // 2, j, d) for d in range(16))
                    value = 20 * math.tanh(x.scale * dot / 20) - pick(x.alibi, h) * abs(i + 3 - j)
                    value += pick(x.bias, b, h, i, j)
                    s.append(value if pick(x.keep, b, h, i, j) and i + 3 - 90 <= j <= i + 3 else -math.inf)
                total = sum(math.exp(value) for value in s) + math.exp(pick(x.sink, h))
                o = [sum(math.exp(value) * pick(x.v, b, h // 2, j, e) for j, value in enumerate(s)) / total
                     for e in range(24)]
                assert max(abs(pick(got["o"], b, h, i, e) - o[e]) for e in range(24)) < 1e-12
                assert abs(pick(got["lse"], b, h, i) - math.log(total)) < 1e-12
                assert pick(got["max"], b, h, i) == max(s) or abs(pick(got["max"], b, h, i) - max(s)) < 1e-12


def run(numerics):
    check_manifests()
    check_grid()
    try:
        import torch
    except ImportError:
        print("numerics.py: self-test passed, without torch: no problem was run")
        return
    check_model(torch)
    check_faults(numerics, torch)
    print("numerics.py: self-test passed")
