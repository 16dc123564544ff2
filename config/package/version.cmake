# The version of what is built: 0.1.0+N.gHASH, of the N-th commit, so that a later one installs as an
# upgrade; $SCRAM_VERSION if it is set, as where there is no .git. Included for the packages, and run
# (cmake -P) at each build to write OUT, which changes when the version does.
function(find_version base source result)
    set(version ${base})
    if(NOT "$ENV{SCRAM_VERSION}" STREQUAL "")
        set(version $ENV{SCRAM_VERSION})
    elseif(EXISTS ${source}/.git)
        execute_process(COMMAND git -c safe.directory=* -C ${source} rev-list --count HEAD
            OUTPUT_VARIABLE count OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
        execute_process(COMMAND git -c safe.directory=* -C ${source} rev-parse --short=9 HEAD
            OUTPUT_VARIABLE hash OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
        execute_process(COMMAND git -c safe.directory=* -C ${source} diff --quiet HEAD
            RESULT_VARIABLE modified OUTPUT_QUIET ERROR_QUIET)
        if(failed EQUAL 0)
            set(version ${base}+${count}.g${hash})
            if(NOT modified EQUAL 0)
                string(APPEND version .modified)
            endif()
        endif()
    endif()
    set(${result} ${version} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
    find_version(${BASE} ${SOURCE} version)
    file(CONFIGURE OUTPUT ${OUT} CONTENT
        "namespace scram { extern const char* const build_version; const char* const build_version = \"${version}\"; }\n")
endif()
