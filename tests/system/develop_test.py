"""Can a market maker be built with the development package, and run with what it brings?"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from desk import package

PROGRAM = """#include <scram.h>
#include <stdio.h>
int main(void) {
    scram_client *scramd;
    if (scram_attach(&scramd, "/nowhere/signals.sock", "maker-1") != SCRAM_UNREACHABLE) return 1;
    return puts(scram_error(NULL)) < 0;
}
"""
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(maker C)
find_package(scram 0.1 REQUIRED)
add_executable(maker maker.c)
target_link_libraries(maker scram::scram)
"""


class Develop(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="scram-dev-")
        self.addCleanup(home.cleanup)
        self.home = pathlib.Path(home.name)
        for name in ("libscram0", "libscram-dev", "python3-scram"):
            subprocess.run(["dpkg-deb", "-x", package(name), self.home / "root"], check=True)
        self.libraries = next((self.home / "root/usr/lib").glob("*/libscram.so.0")).parent
        (self.home / "maker.c").write_text(PROGRAM)

    def check(self, *command, **env):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=self.home,
                              env={**os.environ, **{key: str(value) for key, value in env.items()}})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_by_pkg_config(self):
        if shutil.which("pkg-config") is None:
            self.skipTest("pkg-config is not installed")
        flags = self.check("pkg-config", "--cflags", "--libs", "scram", PKG_CONFIG_PATH=self.libraries / "pkgconfig",
                           PKG_CONFIG_SYSROOT_DIR=self.home / "root")
        self.check("cc", "maker.c", "-o", "maker", *flags.split())
        self.assertIn("/nowhere", self.check("./maker", LD_LIBRARY_PATH=self.libraries))

    def test_by_cmake(self):
        (self.home / "CMakeLists.txt").write_text(PROJECT)
        self.check("cmake", "-B", "build", f"-DCMAKE_PREFIX_PATH={self.home}/root/usr")
        self.check("cmake", "--build", "build")
        self.assertIn("/nowhere", self.check("build/maker"))

    def test_in_python(self):
        code = ("import scram\ntry: scram.Client('maker-1', '/nowhere/signals.sock')\n"
                "except scram.Error as why: print(why)")
        said = self.check(sys.executable, "-c", code, LD_LIBRARY_PATH=self.libraries,
                          PYTHONPATH=self.home / "root/usr/lib/python3/dist-packages")
        self.assertIn("/nowhere", said)
