# Runs the GoogleTest executables of the build, those whose name ends in Tests, as lit tests.

import os

import lit.formats

config.name = "Fovea-Unit"
config.suffixes = []
config.test_format = lit.formats.GoogleTest(".", "Tests")
config.test_exec_root = os.path.join(config.fovea_obj_root, "test", "Unit")
config.test_source_root = config.test_exec_root
if config.fovea_sanitizers:
    config.environment["ASAN_OPTIONS"] = "detect_container_overflow=0:allow_user_poisoning=0"
