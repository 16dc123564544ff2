# What the packages hold, and how CPack makes them: `./dev package` puts the .deb files into
# build/release. Each component is one package.
include(GNUInstallDirs)
include(${CMAKE_CURRENT_LIST_DIR}/version.cmake)
find_version(${PROJECT_VERSION} ${CMAKE_SOURCE_DIR} SCRAM_VERSION)

set(SCRAM_PACKAGE_REVISION 0.1 CACHE STRING "After the version; below 1, as of packages that are not Debian's own")
set(package_sources ${CMAKE_CURRENT_LIST_DIR})
set(package_work ${CMAKE_BINARY_DIR}/config/package)
string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC) # obeys SOURCE_DATE_EPOCH
file(MAKE_DIRECTORY ${package_work})

# ---- Files ---------------------------------------------------------------------------------------

# Debian wants manuals and changelogs compressed; without a name and a time in them.
function(install_compressed source name folder component)
    set(packed ${package_work}/${component}/${name}.gz)
    get_filename_component(packed_folder ${packed} DIRECTORY)
    file(MAKE_DIRECTORY ${packed_folder})
    add_custom_command(OUTPUT ${packed} DEPENDS ${source}
        COMMAND sh -c "gzip -9n <'${source}' >'${packed}'" VERBATIM)
    add_custom_target(compressed_${component}_${name} ALL DEPENDS ${packed})
    install(FILES ${packed} DESTINATION ${folder} COMPONENT ${component})
endfunction()

function(install_manual component)
    foreach(manual ${ARGN})
        get_filename_component(section ${manual} LAST_EXT)
        string(SUBSTRING ${section} 1 -1 section)
        install_compressed(${CMAKE_SOURCE_DIR}/docs/man/${manual} ${manual}
            ${CMAKE_INSTALL_MANDIR}/man${section} ${component})
    endforeach()
endfunction()

configure_file(${package_sources}/changelog.in ${package_work}/changelog @ONLY)
foreach(component scramd libscram0 libscram-dev python3-scram)
    set(folder ${CMAKE_INSTALL_DATADIR}/doc/${component})
    install(FILES ${package_sources}/copyright DESTINATION ${folder} COMPONENT ${component})
    install_compressed(${package_work}/changelog changelog.Debian ${folder} ${component})
    install_compressed(${CMAKE_SOURCE_DIR}/CHANGELOG.md changelog ${folder} ${component})
endforeach()

install(FILES ${package_sources}/libscram0/lintian-overrides RENAME libscram0
    DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides COMPONENT libscram0)
install(FILES ${package_sources}/scramd/lintian-overrides RENAME scramd
    DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides COMPONENT scramd)

set(units ${CMAKE_SOURCE_DIR}/config/systemd)
install(FILES ${units}/scramd.service DESTINATION lib/systemd/system COMPONENT scramd)
install(FILES ${units}/scram-now.service DESTINATION lib/systemd/system COMPONENT scramd OPTIONAL)
install(FILES ${units}/scramd-exporter.service DESTINATION lib/systemd/system COMPONENT scramd)
install(FILES ${units}/scram-notify.service DESTINATION lib/systemd/system COMPONENT scramd)
install(FILES ${units}/scramd.sysusers DESTINATION lib/sysusers.d RENAME scramd.conf COMPONENT scramd)
file(GLOB drop_ins CONFIGURE_DEPENDS ${units}/*.conf)
install(FILES ${drop_ins} ${CMAKE_SOURCE_DIR}/config/scramd.toml ${CMAKE_SOURCE_DIR}/config/scram-notify.toml
    ${CMAKE_SOURCE_DIR}/config/samples/demo.toml ${CMAKE_SOURCE_DIR}/config/samples/two-accounts.toml
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/scramd/examples COMPONENT scramd)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/config/monitoring/
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/scramd/examples COMPONENT scramd)
# The postinst puts the sample beside them; systemd reads what lies in them as root.
foreach(secrets credentials notify)
    install(DIRECTORY DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/scramd/${secrets} COMPONENT scramd
        DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endforeach()
foreach(guide operator security faults tuning interfaces)
    install_compressed(${CMAKE_SOURCE_DIR}/docs/${guide}.md ${guide}.md
        ${CMAKE_INSTALL_DATADIR}/doc/scramd scramd)
endforeach()
install_compressed(${CMAKE_SOURCE_DIR}/docs/maker.md maker.md
    ${CMAKE_INSTALL_DATADIR}/doc/libscram-dev libscram-dev)
set(examples ${CMAKE_SOURCE_DIR}/client/examples)
install(FILES ${examples}/publish.c ${examples}/publish.cpp ${examples}/publish.py
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libscram-dev/examples
    COMPONENT libscram-dev)
foreach(program scramctl scramd scram-now scram-probe scramd-exporter scram-notify)
    install(FILES ${package_sources}/scramctl.bash RENAME ${program}
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT scramd)
endforeach()
install_manual(scramd scramd.8 scramd-exporter.8 scram-notify.8 scramctl.1 scram-now.1 scram-probe.1 scramd.toml.5)

configure_file(${package_sources}/scram.pc.in ${package_work}/scram.pc @ONLY)
install(FILES ${package_work}/scram.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT libscram-dev)
install_manual(libscram-dev scram.h.3)

# ---- CPack ---------------------------------------------------------------------------------------

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "scramd maintainers <maintainers@users.noreply.github.com>")
set(CPACK_PACKAGE_VERSION ${SCRAM_VERSION})
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
set(CPACK_SET_DESTDIR ON) # /etc is not below the prefix
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL scramd libscram0 libscram-dev python3-scram)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${SCRAM_PACKAGE_REVISION})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/client)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(same_version "(= ${SCRAM_VERSION}-${SCRAM_PACKAGE_REVISION})")

set(CPACK_DEBIAN_SCRAMD_PACKAGE_NAME scramd)
set(CPACK_DEBIAN_SCRAMD_PACKAGE_SECTION net)
set(CPACK_DEBIAN_SCRAMD_PACKAGE_DEPENDS
    "systemd | systemd-standalone-sysusers | systemd-sysusers, ca-certificates")
set(CPACK_DEBIAN_SCRAMD_PACKAGE_SUGGESTS "python3:any") # of scram-probe; apt would bring recommended ones
set(CPACK_DEBIAN_SCRAMD_PACKAGE_CONTROL_EXTRA
    ${package_sources}/scramd/postinst ${package_sources}/scramd/prerm ${package_sources}/scramd/postrm)
# (CPack indents the lines; the first one is the short description.)
set(CPACK_DEBIAN_SCRAMD_DESCRIPTION "kill switch for option market makers on OKX
scramd runs beside market makers, watches the risk signals that they publish,
and cancels their option quotes at OKX when a rule is breached: by requests
that were signed beforehand, on connections that are already open. It goes on
until the exchange confirms, and stays latched until a person arms it again.
.
This package holds the daemon, scramctl for operators, scram-now for when the
daemon itself is the trouble, scramd-exporter for Prometheus and browsers,
scram-notify, which tells people by webhooks, and scram-probe, which asks OKX
what its documents leave open.")

set(CPACK_DEBIAN_LIBSCRAM0_PACKAGE_NAME libscram0)
set(CPACK_DEBIAN_LIBSCRAM0_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBSCRAM0_PACKAGE_GENERATE_SHLIBS OFF)
set(CPACK_DEBIAN_LIBSCRAM0_PACKAGE_CONTROL_EXTRA ${package_sources}/libscram0/shlibs
    ${package_sources}/libscram0/triggers)
set(CPACK_DEBIAN_LIBSCRAM0_DESCRIPTION "publish risk signals to scramd - shared library
A market maker publishes its delta, PnL, greeks and heartbeats to the kill
switch scramd by this library, and asks it before each quote whether it may
quote at all.")

set(CPACK_DEBIAN_LIBSCRAM-DEV_PACKAGE_NAME libscram-dev)
set(CPACK_DEBIAN_LIBSCRAM-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBSCRAM-DEV_PACKAGE_DEPENDS "libscram0 ${same_version}")
set(CPACK_DEBIAN_LIBSCRAM-DEV_DESCRIPTION "publish risk signals to scramd - development files
What a market maker in C or C++ is built with: the headers scram.h and
scram.hpp, the static library, and files for pkg-config and CMake.")

set(CPACK_DEBIAN_PYTHON3-SCRAM_PACKAGE_NAME python3-scram)
set(CPACK_DEBIAN_PYTHON3-SCRAM_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON3-SCRAM_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON3-SCRAM_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_PYTHON3-SCRAM_PACKAGE_DEPENDS "python3:any, libscram0")
set(CPACK_DEBIAN_PYTHON3-SCRAM_DESCRIPTION "publish risk signals to scramd - Python
What a market maker in Python imports: a thin layer over libscram0, of the
standard library alone.")

include(CPack)
