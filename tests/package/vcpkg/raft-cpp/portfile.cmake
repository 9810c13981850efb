# SPDX-License-Identifier: BSL-1.0
#
# An overlay port: vcpkg install raft-cpp --overlay-ports=tests/package/vcpkg. It packages the tree
# that it stands in; in a registry, vcpkg_from_github gives SOURCE_PATH instead.

set(VCPKG_BUILD_TYPE release)  # Headers only: there is nothing to debug.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)

vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DRAFT_BUILD_TESTS=OFF -DRAFT_BUILD_BENCH=OFF -DRAFT_BUILD_EXAMPLES=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME raft)
vcpkg_fixup_pkgconfig()

file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
