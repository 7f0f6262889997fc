# Arguments: what Python runs, what Node runs, then names of programs. One line a fact: what it is about, a tab, what is so.
py=$1 js=$2
shift 2
for program in "$@"; do
    if command -v "$program" >/dev/null 2>&1; then state=ok; else state=missing; fi
    printf 'program %s\t%s\n' "$program" "$state"
done
if [ -n "$ALPINIST_PACKAGES" ]; then
    python=$(command -v python3 || command -v python)
    if [ -n "$python" ]; then
        "$python" -c "$py" $ALPINIST_PACKAGES
    else
        for package in $ALPINIST_PACKAGES; do printf 'package %s\tno Python\n' "$package"; done
    fi
fi
if [ -f package.json ] && command -v node >/dev/null 2>&1; then
    node -e "$js"
fi
exit 0
