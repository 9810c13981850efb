# SPDX-License-Identifier: BSL-1.0
#
# Makes one page of the files in SOURCE and of the module: page.html names what stands in its place,
# {{name}}; and {{wasm}}, the module's bytes.
#   cmake -D SOURCE=… -D MODULE=… -D OUTPUT=… -P join.cmake

cmake_minimum_required(VERSION 3.25)

file(READ "${SOURCE}/page.html" page)
string(REGEX MATCHALL "{{[a-z_]+[.][a-z]+}}" places "${page}")
foreach(place IN LISTS places)
  string(REGEX REPLACE "[{}]" "" name "${place}")
  file(READ "${SOURCE}/${name}" text)
  string(REPLACE "${place}" "${text}" page "${page}")
endforeach()
file(READ "${MODULE}" bytes HEX)
string(REPLACE "{{wasm}}" "${bytes}" page "${page}")
file(WRITE "${OUTPUT}" "${page}")
