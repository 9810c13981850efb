# SPDX-License-Identifier: BSL-1.0
#
# Writes the page's source as a header, in two parts: what comes before the run, and what after it.
#   cmake -D SOURCE=… -D OUTPUT=… -P embed.cmake
# SOURCE/page.html names the files that stand in its place: {{name}}; and {{run}}.

cmake_minimum_required(VERSION 3.25)

file(READ "${SOURCE}/page.html" page)
string(REGEX MATCHALL "{{[a-z_]+[.][a-z]+}}" places "${page}")
foreach(place IN LISTS places)
  string(REGEX REPLACE "[{}]" "" name "${place}")
  file(READ "${SOURCE}/${name}" text)
  string(REPLACE "${place}" "${text}" page "${page}")
endforeach()

# A literal has a longest length that compilers must take; lines are far below it.
function(write_part name text into)
  string(REGEX REPLACE "[^\n]*\n" "    R\"~(\\0)~\",\n" text "${text}")
  set(${into} "inline constexpr std::string_view ${name}[] = {\n${text}};\n" PARENT_SCOPE)
endfunction()

string(FIND "${page}" "{{run}}" at)
string(SUBSTRING "${page}" 0 ${at} before)
math(EXPR at "${at} + 7")
string(SUBSTRING "${page}" ${at} -1 after)
write_part(before_the_run "${before}" before)
write_part(after_the_run "${after}" after)
file(WRITE "${OUTPUT}" "#pragma once\n#include <string_view>\n"
  "namespace raft_page::source {\n${before}${after}}\n")
