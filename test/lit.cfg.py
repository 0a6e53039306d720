# Configuration of the lit suite. ./dev test runs it; so does `lit build/dev/test [-v] [--filter NAME]`.

import os
import shutil
import subprocess
from ctypes.util import find_library

import lit.formats
import lit.llvm
import lit.util
from lit.llvm.subst import ToolSubst

if not hasattr(config, "fovea_obj_root"):
    lit_config.fatal("give lit the tests of a build, not of the sources: lit build/dev/test")
lit.llvm.initialize(lit_config, config)
llvm_config = lit.llvm.llvm_config

config.name = "Fovea"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt", "README.md"]
config.test_source_root = os.path.join(config.fovea_src_root, "test")
config.test_exec_root = os.path.join(config.fovea_obj_root, "test")

# A test that hangs is a failure (lit can only end it where Python's psutil is there).
if not lit_config.maxIndividualTestTime and lit.util.killProcessAndChildrenIsSupported()[0]:
    lit_config.maxIndividualTestTime = 1200


def switched_on(name):
    """A switch of the suite: `lit -D name=1`, or FOVEA_NAME=1 in the environment."""
    value = lit_config.params.get(name, os.environ.get("FOVEA_" + name.upper(), "0"))
    return value.lower() in ("1", "on", "true", "yes")


def cpu_features():
    """The features of this CPU by the names of /proc/cpuinfo, for example avx2, avx512f, amx_tile."""
    try:
        with open("/proc/cpuinfo") as cpuinfo:
            flags = next((l for l in cpuinfo if l.startswith(("flags", "Features"))), ":")
        return flags.split(":", 1)[1].split()
    except OSError:
        return []


def cuda_features():
    """cuda-smNN for every compute capability of a GPU that the driver can use."""
    try:
        query = ["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"]
        found = subprocess.run(query, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return []
    return ["cuda-sm" + cap.strip().replace(".", "") for cap in found.stdout.splitlines()] if found.returncode == 0 else []


def find_ptxas():
    for folder in [os.path.join(os.environ.get("CUDA_HOME", ""), "bin"), "/usr/local/cuda/bin"]:
        if os.access(os.path.join(folder, "ptxas"), os.X_OK):
            return folder
    return None


# Tools: ours, then LLVM's FileCheck, not and split-file. The verifier runs after every pass, in every test.
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.with_environment("PATH", config.fovea_tools_dir, append_path=True)
llvm_config.with_system_environment(["HOME", "TMP", "TEMP", "CUDA_HOME", "CUDA_VISIBLE_DEVICES"])
llvm_config.use_default_substitutions()
opt_flags = ["--verify-each"]
if switched_on("round_trip"):
    opt_flags.append("--round-trip")
    config.available_features.add("round-trip")
llvm_config.add_tool_substitutions(
    [ToolSubst("fovea-opt", extra_args=opt_flags), ToolSubst("fovea-run", unresolved="ignore"),
     ToolSubst("fovea-fuzz"), ToolSubst("fovea-bench", unresolved="ignore"), ToolSubst("fovea-compile"), ToolSubst("fovea-lsp-server")],
    [config.fovea_tools_dir, config.llvm_tools_dir],
)
config.substitutions += [
    ("%fovea_src_root", config.fovea_src_root),
    ("%fovea_obj_root", config.fovea_obj_root),
    ("%fovea_lib_dir", config.fovea_lib_dir),
    ("%llvm_prefix", config.llvm_prefix),
    ("%sanitizers", config.fovea_sanitizers),
    ("%sanitizer_flags", f"-fsanitize={config.fovea_sanitizers}" if config.fovea_sanitizers else ""),
    ("%cmake", config.cmake),
    ("%ninja", config.ninja),
    ("%c_compiler", config.c_compiler),
    ("%cxx_compiler", config.cxx_compiler),
]

config.available_features.update(cpu_features())
config.available_features.update(cuda_features())
if find_library("LLVM-14"):
    config.available_features.add("libllvm-14")
if not shutil.which("ptxas", path=config.environment["PATH"]) and find_ptxas():
    llvm_config.with_environment("PATH", find_ptxas(), append_path=True)
if shutil.which("ptxas", path=config.environment["PATH"]):
    config.available_features.add("ptxas")

if config.fovea_sanitizers:
    config.available_features.add("sanitizers")
    # LLVM's dylibs are not instrumented: what they share with us (arenas that our inlined code poisons, vectors) must
    # not be checked at that border. A crash that a test asks for is to end by its signal.
    config.environment["ASAN_OPTIONS"] = "detect_container_overflow=0:allow_user_poisoning=0:handle_segv=0"
    config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
