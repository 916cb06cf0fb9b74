# Installs the network and builds and runs the example against it, as a project elsewhere would.
#   cmake -DBUILD=... -DSOURCE=... -DWORK=... -P examples.cmake
function(must)
    execute_process(COMMAND ${ARGV} RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(NOT code EQUAL 0)
        message(FATAL_ERROR "${ARGV}\n${said}")
    endif()
    set(said "${said}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
must(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix --component noc)
must(${CMAKE_COMMAND} -S ${SOURCE}/examples/noc_in_systemc -B ${WORK}/build -G Ninja
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH=${WORK}/prefix)
must(${CMAKE_COMMAND} --build ${WORK}/build)
must(${WORK}/build/noc_in_systemc)
if(NOT said MATCHES "write of 64 bytes took [0-9]+ ns" OR NOT said MATCHES "read of 64 bytes took [0-9]+ ns")
    message(FATAL_ERROR "the example said: ${said}")
endif()
