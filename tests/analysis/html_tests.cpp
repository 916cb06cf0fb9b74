#include "analysis/gnuplot.hpp"
#include "analysis/html.hpp"
#include "base/error.hpp"

#include <cstdlib>

#include <catch2/catch.hpp>

using namespace spikeloom;
using namespace spikeloom::analysis;

TEST_CASE("markup characters are escaped, and only text passes", "[analysis]") {
    CHECK(escape("<script>alert('x' & \"y\")</script>") ==
          "&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;");
    CHECK(escape("line\n\ttab") == "line\n\ttab");
    CHECK(escape("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
          "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST_CASE("bytes that are no UTF-8 and control characters become the replacement character",
          "[analysis]") {
    const std::string replacement = "\xEF\xBF\xBD";
    for (const std::string& bad :
         {std::string("\x80"), std::string("\xC3"), std::string("\xC0\xAF", 1),
          std::string(1, '\0'), std::string("\x1B"), std::string("\x7F"), std::string("\xFF")}) {
        CHECK(escape("a" + bad + "b") == "a" + replacement + "b");
    }
    // An overlong slash, a surrogate, a value above U+10FFFF: every byte is replaced.
    CHECK(escape("\xC0\xAF") == replacement + replacement);
    CHECK(escape("\xED\xA0\x80") == replacement + replacement + replacement);
    CHECK(escape("\xF4\x90\x80\x80").size() == 4 * replacement.size());
}

TEST_CASE("numbers are shown with the digits that were asked for", "[analysis]") {
    CHECK(with_commas(0) == "0");
    CHECK(with_commas(999) == "999");
    CHECK(with_commas(1234567) == "1,234,567");
    CHECK(significant(0.0) == "0");
    CHECK(significant(1234.6) == "1,235");
    CHECK(significant(2.34567) == "2.346");
    CHECK(significant(0.00012345, 3) == "0.000123");
    CHECK(significant(-56789.0) == "-56,789");
    CHECK(compact(0.3125) == "0.3125");
    CHECK(compact(48.0) == "48");
    CHECK(percent(0.1234) == "12.3 %");
    CHECK(with_prefix(0.0, "J") == "0 J");
    CHECK(with_prefix(1.234e-5, "J") == "12.3 \u00b5J");
    CHECK(with_prefix(9.996e-6, "J") == "10.0 \u00b5J");
    CHECK(with_prefix(9.9999e-7, "J") == "1.00 \u00b5J");
    CHECK(with_prefix(5e8, "Hz") == "500 MHz");
    CHECK(with_prefix(-2e-3, "W") == "-2.00 mW");
}

TEST_CASE("a plot's text cannot leave its literal", "[analysis]") {
    CHECK(gnuplot_text("a'b\"c`d\\e\nf") == "'a b c d e f'");
}

TEST_CASE("a plot is an element without identifiers, scripts or references", "[analysis]") {
    const std::string svg = gnuplot_svg("set title " + gnuplot_text("<b>`date`</b> $HOME 'x'") +
                                            "\nplot x with lines, x*x with linespoints pt 7",
                                        {400, 300}, "a <test>");
    CHECK(svg.starts_with("<svg "));
    CHECK(svg.ends_with("</svg>\n"));
    CHECK(svg.find("aria-label=\"a &lt;test&gt;\"") != std::string::npos);
    CHECK(svg.find("viewBox=\"0 0 400 300\"") != std::string::npos);
    for (const char* unwanted :
         {"<script", "id=", "href", "http", "url(", "<defs", "<b>", "<use"}) {
        CAPTURE(unwanted);
        CHECK(svg.find(unwanted) == std::string::npos);
    }
    CHECK(svg.find("date") != std::string::npos);  // the words, not what a shell makes of them
    CHECK(svg.find("$HOME") != std::string::npos);
    CHECK(svg.find("<circle") != std::string::npos);
    std::size_t opened = 0, closed = 0;
    for (std::size_t at = svg.find("<g"); at != std::string::npos; at = svg.find("<g", at + 1)) {
        ++opened;
    }
    for (std::size_t at = svg.find("</g>"); at != std::string::npos;
         at = svg.find("</g>", at + 1)) {
        ++closed;
    }
    CHECK(opened == closed);
}

TEST_CASE("a script that gnuplot refuses, or no gnuplot at all, is an input error", "[analysis]") {
    CHECK_THROWS_AS(gnuplot_svg("plot nonsense(", {400, 300}, ""), InputError);
    const char* const path = std::getenv("PATH");
    const std::string saved = path == nullptr ? "" : path;
    ::setenv("PATH", "/nonexistent", 1);
    CHECK_THROWS_WITH(gnuplot_svg("plot x", {400, 300}, ""), Catch::Contains("gnuplot-nox"));
    ::setenv("PATH", saved.c_str(), 1);
}
