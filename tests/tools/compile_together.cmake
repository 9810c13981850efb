# SPDX-License-Identifier: BSL-1.0
#
# Most of the time of a build goes into compiling what all sources of a kind include, so some of them
# are compiled together: those of the target that match, as so many groups. Which these are follows
# from their names: a new one comes to few others, and moves none. What two of them name alike in
# their unnamed namespaces is an error then; mostly it wants to be shared.

function(compile_together target pattern groups)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX ${pattern})
  string(MAKE_C_IDENTIFIER ${pattern} kind)
  foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME)
    string(MD5 hash ${name})
    string(SUBSTRING ${hash} 0 4 hash)
    math(EXPR group "0x${hash} % ${groups}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${kind}${group})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
