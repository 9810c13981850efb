# SPDX-License-Identifier: BSL-1.0
"""The recipe of raft for Conan 2: `conan create .`"""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load


class RaftConan(ConanFile):
    name = "raft-cpp"
    description = "Distributed consensus as a header-only C++20 library"
    license = "BSL-1.0"
    topics = ("raft", "consensus", "replication", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_asio": [True, False]}
    default_options = {"with_asio": False}
    exports_sources = "include/raft/*", "LICENSE"
    no_copy_source = True
    test_package_folder = "tests/package"

    def set_version(self):
        umbrella = load(self, os.path.join(self.recipe_folder, "include", "raft", "raft.hpp"))
        parts = (re.search(rf"version_{part} = (\d+)", umbrella).group(1)
                 for part in ("major", "minor", "patch"))
        self.version = ".".join(parts)

    def requirements(self):
        if self.options.with_asio:
            self.requires("asio/[>=1.22 <2]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.clear()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        for files in "*.hpp", "*.cpp":
            copy(self, files, os.path.join(self.source_folder, "include"),
                 os.path.join(self.package_folder, "include"))

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_file_name", "raft")
        self.cpp_info.set_property("pkg_config_name", "raft-cpp")
        core = self.cpp_info.components["raft"]
        core.set_property("cmake_target_name", "raft::raft")
        core.set_property("pkg_config_name", "raft-cpp")
        core.bindirs = core.libdirs = []
        if self.options.with_asio:
            asio = self.cpp_info.components["asio"]
            asio.set_property("cmake_target_name", "raft::asio")
            asio.requires = ["raft", "asio::asio"]
            asio.defines = ["ASIO_STANDALONE"]
            asio.bindirs = asio.libdirs = []
            if self.settings.os in ("Linux", "FreeBSD"):
                asio.system_libs = ["pthread"]
