"""Timing on a CUDA device: events, the card's clocks and power, and a guard against kernels that never end."""
import contextlib, ctypes as C, faulthandler, statistics, subprocess, threading, time, os

AHEAD_CYCLES = 2_000_000  # about 1 ms of waiting on the device, in which the host runs ahead


class Hang(RuntimeError):
    """The device did not finish in time; nothing can be launched any more in this process."""


def wait(event, limit=5.0, what="a launch"):
    """Returns when the event has happened, and raises Hang if it does not within `limit` seconds."""
    start = time.monotonic()
    while not event.query():
        if time.monotonic() - start > limit:
            raise Hang(f"{what} has not ended after {limit:g} s")
        time.sleep(2e-4)


class Watchdog:
    """Ends the process where a call that cannot be polled (a compiler, another framework) does not come back.

    `on_hang(what)` is called first, to save what has been measured. Should the interpreter itself be stuck, the process
    ends 20 s later without it.
    """

    def __init__(self, on_hang, status=3):
        self.on_hang, self.status, self.deadline, self.what = on_hang, status, None, ""
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        while True:
            time.sleep(0.1)
            deadline = self.deadline
            if deadline and time.monotonic() > deadline:
                try:
                    self.on_hang(self.what)
                finally:
                    os._exit(self.status)

    @contextlib.contextmanager
    def limit(self, seconds, what):
        self.what, self.deadline = f"{what} has not ended after {seconds:g} s", time.monotonic() + seconds
        faulthandler.dump_traceback_later(seconds + 20, exit=True)
        try:
            yield
        finally:
            self.deadline = None
            faulthandler.cancel_dump_traceback_later()


class Card:
    """Clock, power and temperature of one GPU, through NVML, or nvidia-smi where that library is missing."""

    def __init__(self, uuid=None):
        self.device = None
        try:
            self.nvml = C.CDLL("libnvidia-ml.so.1")
            device = C.c_void_p()
            found = self.nvml.nvmlInit_v2() == 0 and uuid is not None and \
                self.nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}".encode(), C.byref(device)) == 0
            if found or self.nvml.nvmlDeviceGetHandleByIndex_v2(C.c_uint(0), C.byref(device)) == 0:
                self.device = device
        except OSError:
            pass

    def read(self, function, *before, kind=C.c_uint):
        value = kind()
        function = getattr(self.nvml, function, None)
        return value.value if function and function(self.device, *before, C.byref(value)) == 0 else None

    def sample(self):
        """{"mhz", "watts", "celsius"} now (power is an average over up to a second); {} if there is no way to know."""
        if self.device:
            watts = self.read("nvmlDeviceGetPowerUsage")
            return {"mhz": self.read("nvmlDeviceGetClockInfo", C.c_int(1)), "watts": watts and watts / 1000,
                    "celsius": self.read("nvmlDeviceGetTemperature", C.c_int(0))}
        fields = "clocks.sm,power.draw,temperature.gpu"
        try:
            line = subprocess.run(["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"], text=True,
                                  capture_output=True, timeout=10, check=True).stdout.splitlines()[0]
            return dict(zip(("mhz", "watts", "celsius"), map(float, line.split(","))))
        except (OSError, subprocess.SubprocessError, ValueError, IndexError):
            return {}

    def joules(self):
        """The energy counter, or None."""
        millijoules = self.read("nvmlDeviceGetTotalEnergyConsumption", kind=C.c_ulonglong) if self.device else None
        return None if millijoules is None else millijoules / 1000

    def describe(self):
        limit = self.read("nvmlDeviceGetEnforcedPowerLimit") if self.device else None
        return {"power_limit_watts": limit and limit / 1000}


def time_launches(torch, launch, repeats=6, warm=2, limit=5.0, during=None):
    """Milliseconds of each of `repeats` launches, after `warm` more. The host is ahead of the device throughout.

    `during()` is called once while the device works, for samples of its clocks under this load.
    """
    events = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(repeats)]
    torch.cuda._sleep(AHEAD_CYCLES)
    for _ in range(warm):
        launch()
    for start, end in events:
        start.record(), launch(), end.record()
    if during:
        during()
    wait(events[-1][1], limit)
    return [start.elapsed_time(end) for start, end in events]


def time_burst(torch, launch, seconds, estimate_ms, limit=5.0, during=None):
    """Milliseconds a launch of as many as fill `seconds`, back to back."""
    count = max(4, round(seconds * 1000 / estimate_ms))
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for i in range(count):
        launch()
        if during and i == count // 2:
            during()
    end.record()
    wait(end, limit + seconds)
    return start.elapsed_time(end) / count


def time_by_slope(run, few=4, many=16):
    """Milliseconds a launch of what has no events: run(n) launches n times and waits; what a wait costs drops out."""
    def clock(count):
        start = time.perf_counter()
        run(count)
        return (time.perf_counter() - start) * 1000
    clock(2)
    long, short = (statistics.median(clock(count) for _ in range(3)) for count in (many, few))
    return max(long - short, 1e-6) / (many - few)
