"""How results of attention are judged, in the benchmark and in test/device/numerics.py alike.

A result in f16 or bf16 is compared with float64, and so is the unfused evaluation in the same precision (scores and
softmax in f32, probabilities rounded to V's type, products accumulated in f32): the greatest error may be twice, the
mean error 1.1 times that of the unfused one (1.3 where the schedule rescales conditionally), and a cap holds whatever
the unfused one does. f32 and f64: each row within 1e-5 and 1e-12 of its own greatest value (or twice the unfused error,
where the inputs are not unit-normal). NaN or infinity in one of the two only is a failure.
"""
import math

MAX_FACTOR = 2.0
MEAN_FACTORS = {"exact": 1.1, "conditional": 1.3}
# On values up to 4, the most that unit-normal inputs give nearly always; beyond it half a unit in the last place grows.
CAPS = {"f16": 2e-3, "bf16": 1.6e-2}
CAP_RANGE = 4.0
ROW_LIMITS = {"f32": 1e-5, "f64": 1e-12}
LSE_LIMIT = 1e-5  # relative to 1 + |value|, beside twice the unfused error: scores, sums and logarithm are f32
# Two sound evaluations round differently, so means over few rows scatter: for a torch model of a fused kernel the ratio
# stays below 1.1 * (1 + 0.3 / sqrt(rows)) (720 random problems of 1 to 800 rows). No error is asked to be below f32's.
SCATTER, FLOOR = 0.5, 1e-6


def patterns(torch, got, exact):
    """Complaints about NaN and infinities in one of the two only."""
    nan = torch.isnan(got) | torch.isnan(exact)
    for name, wrong in (("NaN", torch.isnan(got) != torch.isnan(exact)),
                        ("infinity", (torch.isinf(got) | torch.isinf(exact)) & (got != exact) & ~nan)):
        if wrong.any():
            at = tuple(torch.nonzero(wrong)[0].tolist())
            return [f"{int(wrong.sum())} of {wrong.numel()} have {name} in one result only, first at {list(at)}: "
                    f"got {got[at].item():g}, expected {exact[at].item():g}"]
    return []


def judge(torch, got, exact, unfused, dtype, rescale="exact", capped=True, tolerance={}):
    """(figures, complaints) of a result [..., rows, columns] in float64. `capped`: the inputs are unit-normal."""
    complaints = patterns(torch, got, exact)
    finite = torch.isfinite(exact) & torch.isfinite(got) & torch.isfinite(unfused)
    if not finite.any():
        return {}, complaints
    error, base = torch.where(finite, got - exact, 0).abs(), torch.where(finite, unfused - exact, 0).abs()
    count, rows = int(finite.sum()), int(finite.any(-1).sum())
    largest = torch.where(finite, exact, 0).abs().max().item()
    figures = dict(max=error.max().item(), mean=error.sum().item() / count, unfused_max=base.max().item(),
                   unfused_mean=base.sum().item() / count)
    at = list(torch.unravel_index(error.argmax(), error.shape))
    where = f"at {[int(i) for i in at]}: got {got[tuple(at)].item():.6g}, expected {exact[tuple(at)].item():.6g}"
    if dtype in ROW_LIMITS:
        scale = torch.where(finite, exact, 0).abs().amax(-1, keepdim=True)
        excess, unfused_excess = ((e / torch.where(scale > 0, scale, 1)).max().item() for e in (error, base))
        limit = tolerance.get("max", ROW_LIMITS[dtype])
        if not capped:  # large scores cost any evaluation digits
            limit = max(limit, MAX_FACTOR * unfused_excess)
        if excess > limit:
            complaints.append(f"error {excess:.3g} of the row's greatest value, limit {limit:g}; greatest {where}")
        return figures, complaints
    floor = FLOOR * max(largest, 1e-3)
    factor, mean = tolerance.get("max", MAX_FACTOR), tolerance.get("mean", MEAN_FACTORS[rescale])
    limits = {"max": factor * figures["unfused_max"] + floor,
              "mean": mean * (1 + SCATTER / math.sqrt(rows)) * figures["unfused_mean"] + floor}
    cap = tolerance.get("cap", CAPS[dtype]) * max(1, largest / CAP_RANGE)
    if capped and figures["max"] > cap:
        complaints.append(f"max error {figures['max']:.3g}, cap {cap:.3g}, {where}")
    for name, limit in limits.items():
        if figures[name] > limit:
            complaints.append(f"{name} error {figures[name]:.3g}, limit {limit:.3g} by the unfused evaluation's "
                              f"{figures['unfused_' + name]:.3g}" + (f", {where}" if name == "max" else ""))
    return figures, complaints


def samples(torch, q, v, block, middle, scores):
    """[(batch, head, rows, float64 result, unfused result in the same precision)] of `block` rows at the beginning, at the
    end and `middle` before the middle of some heads. `scores(b, h, rows, precision)`: scaled, masked scores."""
    batch, heads, length = q.shape[:3]
    chosen = []
    for b, h in sorted({(0, 0), (batch - 1, heads - 1), (batch // 2, heads // 3)}):
        for first in sorted({0, max(0, length // 2 - middle), max(0, length - block)}):
            rows = slice(first, min(length, first + block))

            def evaluate(precision):
                p = torch.softmax(scores(b, h, rows, precision), -1)
                if precision is torch.float32:
                    p = p.to(v.dtype).to(precision)
                return p @ v[b, h].to(precision)
            chosen.append((b, h, rows, evaluate(torch.float64), evaluate(torch.float32).to(q.dtype).double()))
    return chosen


def check(torch, out, chosen, dtype, rescale, whole, other, limit=1e-2):
    """Errors against float64, and complaints, by samples and against `whole`, all of another's result (None: nobody's);
    `other` is (the figure's name, the other's)."""
    got, exact, unfused = (torch.cat(parts) for parts in zip(*[(out[b, h, rows].double(), e, u)
                                                               for b, h, rows, e, u in chosen]))
    figures, complaints = judge(torch, got, exact, unfused, dtype, rescale)
    if nans := int(torch.isnan(out).sum()):
        complaints.append(f"{nans} elements are NaN")
    if whole is not None:
        difference = torch.linalg.vector_norm((out - whole).float()) / torch.linalg.vector_norm(whole.float())
        figures[other[0]] = difference.item()
        if not difference < limit:
            complaints.append(f"differs from {other[1]}'s by {difference.item():.3g} in norm")
    return {key: float(f"{value:.4g}") for key, value in figures.items()}, complaints


def judge_statistic(torch, got, exact, unfused, tolerance={}):
    """The same for LSE or maximum, f32 results whatever the inputs are."""
    complaints = patterns(torch, got, exact)
    finite = torch.isfinite(exact) & torch.isfinite(got)
    if not finite.any():
        return {}, complaints
    error = torch.where(finite, got - exact, 0).abs()
    base = torch.where(finite & torch.isfinite(unfused), unfused - exact, 0).abs()
    excess = error - 2 * base.max() - tolerance.get("lse", LSE_LIMIT) * (1 + torch.where(finite, exact, 0).abs())
    if excess.max() > 0:
        at = tuple(int(i) for i in torch.unravel_index(excess.argmax(), excess.shape))
        complaints.append(f"error {error[at].item():.3g} at {list(at)}: got {got[at].item():.8g}, expected "
                          f"{exact[at].item():.8g}")
    return dict(max=error.max().item(), unfused_max=base.max().item()), complaints
