# One interface target carries what every room is compiled with, so that no room can differ.
add_library(spikeloom_options INTERFACE)
target_compile_features(spikeloom_options INTERFACE cxx_std_20)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

target_include_directories(spikeloom_options INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/spikeloom>)
# Debian's libsystemc was built as C++17 and checks so at link time; the rest of the program is C++20.
target_compile_definitions(spikeloom_options INTERFACE SC_CPLUSPLUS=201703L SC_INCLUDE_DYNAMIC_PROCESSES)
# Warnings and the processor are this build's own affair, not that of who uses its libraries.
target_compile_options(spikeloom_options INTERFACE
    "$<BUILD_INTERFACE:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wnon-virtual-dtor;-Woverloaded-virtual;-Werror>")
# GCC 12 warns falsely of `"text" + std::string` (GCC bug 105651).
target_compile_options(spikeloom_options INTERFACE
    $<BUILD_INTERFACE:$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>>)
if(CMAKE_UNITY_BUILD)  # the sources are included then, and GCC takes their private types for a header's
    target_compile_options(spikeloom_options INTERFACE
        $<BUILD_INTERFACE:$<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>>)
endif()

if(SPIKELOOM_NATIVE)
    target_compile_options(spikeloom_options INTERFACE $<BUILD_INTERFACE:-march=native>)
endif()
if(SPIKELOOM_SANITIZE)
    target_compile_options(spikeloom_options INTERFACE -fsanitize=address,undefined
        -fno-sanitize-recover=all -fno-omit-frame-pointer
        -Wno-maybe-uninitialized)  # GCC warns falsely of instrumented code (its manual says so)
    target_link_options(spikeloom_options INTERFACE -fsanitize=address,undefined)
endif()
if(SPIKELOOM_COVERAGE)
    target_compile_options(spikeloom_options INTERFACE --coverage)
    target_link_options(spikeloom_options INTERFACE --coverage)
endif()

# spikeloom_room(<name> SOURCES ... LINK ...): the library of one room, with its alias spikeloom::<name>.
function(spikeloom_room name)
    cmake_parse_arguments(ROOM "" "" "SOURCES;LINK" ${ARGN})
    if(NOT ROOM_SOURCES)  # a room still to be furnished
        add_library(spikeloom_${name} INTERFACE)
        add_library(spikeloom::${name} ALIAS spikeloom_${name})
        target_link_libraries(spikeloom_${name} INTERFACE spikeloom_options ${ROOM_LINK})
        return()
    endif()
    list(TRANSFORM ROOM_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    add_library(spikeloom_${name} STATIC ${ROOM_SOURCES})
    add_library(spikeloom::${name} ALIAS spikeloom_${name})
    target_link_libraries(spikeloom_${name} PUBLIC spikeloom_options ${ROOM_LINK})
endfunction()
target_compile_definitions(spikeloom_options INTERFACE SPIKELOOM_VERSION="${PROJECT_VERSION}")
