#!/usr/bin/env bash
# Downloads the front-end libraries in lib/ from the npm registry, at the versions below, with their licences. A build does
# not need it; run it to upgrade, and review the changes.
#
# Tabler's style sheet contains icons as data: addresses, which the console's content security policy forbids, like
# everything that is not a file of this server. The script extracts them into files.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # name version
  mkdir -p "$work/$1"
  tar -xzf "$work/$(cd "$work" && npm pack --silent "$1@$2")" -C "$work/$1" --strip-components=1
}
fetch @tabler/core 1.6.1
fetch htmx.org 2.0.11
fetch uplot 1.6.32
fetch axe-core 4.14.1

rm -rf lib
mkdir -p lib ../testdata/axe
cp "$work/htmx.org/dist/htmx.min.js" lib/htmx.js
cp "$work/htmx.org/LICENSE" lib/htmx.LICENSE
cp "$work/uplot/dist/uPlot.iife.min.js" lib/uplot.js
cp "$work/uplot/dist/uPlot.min.css" lib/uplot.css
cp "$work/uplot/LICENSE" lib/uplot.LICENSE
cp "$work/axe-core/axe.min.js" "$work/axe-core/LICENSE" ../testdata/axe/
# The package has no licence file; package.json names the licence, and the style sheet begins with the notice.
cat > lib/tabler.LICENSE <<'LICENSE'
MIT License

Copyright (c) 2018-2026 The Tabler Authors

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
LICENSE
perl -MDigest::SHA=sha256_hex -0777 -pe '
  s{/\*# sourceMappingURL=.*?\*/}{}g;
  s{url\("data:image/svg\+xml,(.*?)"\)}{
    (my $svg = $1) =~ s|%([0-9a-fA-F]{2})|chr hex $1|ge;
    my $name = "tabler-" . substr(sha256_hex($svg), 0, 8) . ".svg";
    open my $out, ">", "lib/$name" or die; print $out $svg; close $out;
    "url($name)"
  }ge' "$work/@tabler/core/dist/css/tabler.min.css" > lib/tabler.css
(cd .. && sha256sum static/lib/* testdata/axe/* > static/lib.sha256)
if grep -q 'data:' lib/tabler.css; then echo "tabler.css still contains a data: address" >&2; exit 1; fi
