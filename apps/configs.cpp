#include "apps/configs.hpp"

#include "base/error.hpp"

namespace spikeloom::apps {

std::filesystem::path find_config(const std::string& relative) {
    for (const char* root : {".", SPIKELOOM_SOURCE_DIR}) {
        const std::filesystem::path path = std::filesystem::path(root) / "configs" / relative;
        if (std::filesystem::exists(path)) {
            return path.lexically_normal();
        }
    }
    throw InputError("configs/" + relative + ": not found below the current folder or " +
                     SPIKELOOM_SOURCE_DIR);
}

}  // namespace spikeloom::apps
