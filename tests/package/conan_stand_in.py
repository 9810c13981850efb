# SPDX-License-Identifier: BSL-1.0
"""Runs conanfile.py and its test as Conan 2 would, into --work: what a recipe calls, in a few lines.

It stands in for `conan create .`, which needs Conan and its network. What it does not do: settings
and profiles, versions of dependencies, uploads.
"""

import argparse
import fnmatch
import importlib.util
import os
import shutil
import subprocess
import sys
import types


class Options(dict):
    __getattr__ = dict.__getitem__


class CppInfo:
    def __init__(self):
        self.properties = {}
        self.components = Components()
        self.includedirs, self.bindirs, self.libdirs = ["include"], ["bin"], ["lib"]
        self.requires, self.defines, self.system_libs = [], [], []

    def set_property(self, name, value):
        self.properties[name] = value


class Components(dict):
    def __missing__(self, name):
        self[name] = CppInfo()
        return self[name]


class ConanFile:
    options, default_options = {}, {}

    def run(self, command, env=None):
        subprocess.run(command, shell=True, check=True)


def copy(_, pattern, src, dst):
    for folder, _folders, files in os.walk(src):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), src)
            if fnmatch.fnmatch(path, pattern):
                target = os.path.join(dst, path)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(os.path.join(src, path), target)


def load(_, path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def check_min_cppstd(recipe, standard):
    recipe.min_cppstd = standard


class CMake:
    arguments = None  # Of the command line, and where the package's configuration lies.

    def __init__(self, recipe):
        self.recipe = recipe

    def configure(self):
        given = CMake.arguments
        subprocess.run([given.cmake, "-G", given.generator, "-S", self.recipe.source_folder, "-B",
                        self.recipe.build_folder, f"-DCMAKE_CXX_COMPILER={given.compiler}",
                        f"-DCMAKE_PREFIX_PATH={os.path.join(given.work, 'generators')}"],
                       check=True)

    def build(self):
        subprocess.run([CMake.arguments.cmake, "--build", self.recipe.build_folder], check=True)


def pretend_to_be_conan():
    build = dict(check_min_cppstd=check_min_cppstd, can_run=lambda recipe: True)
    modules = {"conan": dict(ConanFile=ConanFile), "conan.tools": {},
               "conan.tools.build": build, "conan.tools.files": dict(copy=copy, load=load),
               "conan.tools.cmake": dict(CMake=CMake, cmake_layout=lambda recipe: None)}
    for name, members in modules.items():
        module = types.ModuleType(name)
        vars(module).update(members)
        sys.modules[name] = module


def recipe_of(path):
    spec = importlib.util.spec_from_file_location("recipe", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (kind,) = (each for each in vars(module).values()
               if isinstance(each, type) and issubclass(each, ConanFile) and each is not ConanFile)
    recipe = kind()
    recipe.recipe_folder = os.path.dirname(path)
    recipe.options = Options(kind.default_options)
    recipe.settings = types.SimpleNamespace(os="Linux")
    recipe.cpp_info = CppInfo()
    return recipe


def export_sources(recipe, source, folder):
    for pattern in recipe.exports_sources:
        copy(None, pattern, source, folder)


def package(recipe, source, work):
    recipe.source_folder = os.path.join(work, "exported")
    recipe.package_folder = os.path.join(work, "package")
    recipe.set_version()
    export_sources(recipe, source, recipe.source_folder)
    recipe.validate()
    recipe.info = types.SimpleNamespace(clear=lambda: None)
    recipe.package_id()
    recipe.package()
    recipe.package_info()


def write_configuration(recipe, folder):
    """What the generator CMakeDeps makes of the package's information."""
    name = recipe.cpp_info.properties["cmake_file_name"]
    lines = []
    for component in recipe.cpp_info.components.values():
        target = component.properties["cmake_target_name"]
        folders = " ".join(f'"{recipe.package_folder}/{each}"' for each in component.includedirs)
        lines += [f"add_library({target} INTERFACE IMPORTED)",
                  f"target_include_directories({target} INTERFACE {folders})",
                  f"target_compile_features({target} INTERFACE cxx_std_{recipe.min_cppstd})"]
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"{name}Config.cmake"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def run_test(recipe, source, work):
    recipe.tested_reference_str = "raft-cpp"
    recipe.requires = lambda reference: None
    recipe.source_folder = source
    recipe.build_folder = os.path.join(work, "build")
    recipe.cpp = types.SimpleNamespace(build=types.SimpleNamespace(bindir=recipe.build_folder))
    recipe.requirements()
    recipe.layout()
    recipe.build()
    recipe.test()


def check_asio(source):
    """With the option, the package needs Asio and has the target of an install."""
    recipe = recipe_of(os.path.join(source, "conanfile.py"))
    recipe.options["with_asio"] = True
    needed = []
    recipe.requires = lambda reference, **traits: needed.append(reference.split("/")[0])
    recipe.requirements()
    recipe.package_info()
    targets = [each.properties["cmake_target_name"] for each in recipe.cpp_info.components.values()]
    assert needed == ["asio"] and targets == ["raft::raft", "raft::asio"], (needed, targets)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("source", "work", "cmake", "generator", "compiler", "version"):
        parser.add_argument(f"--{name}", required=True)
    CMake.arguments = given = parser.parse_args()
    pretend_to_be_conan()

    recipe = recipe_of(os.path.join(given.source, "conanfile.py"))
    package(recipe, given.source, given.work)
    assert recipe.version == given.version, recipe.version
    assert recipe.package_type == "header-library"
    assert os.path.exists(os.path.join(recipe.package_folder, "licenses", "LICENSE"))
    write_configuration(recipe, os.path.join(given.work, "generators"))
    test_folder = os.path.join(given.source, recipe.test_package_folder)
    run_test(recipe_of(os.path.join(test_folder, "conanfile.py")), test_folder, given.work)
    check_asio(given.source)


if __name__ == "__main__":
    main()
