#!/bin/sh
# Say what is missing before work begins: a build without its models or its GPU would end a while later.
set -eu
case "${1:-}" in
    build | pose) prompt2sign doctor >&2 ;;
esac
exec prompt2sign "$@"
