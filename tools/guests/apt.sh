# apt.sh - private apt trees for packages of other machines, beside the machine's own (sourced).
#
# Foreign packages are downloaded and unpacked, never installed: the tree has its own state,
# cache and an empty dpkg status, so the machine's dpkg architectures and lists stay as they are.
# The mirror is the one the machine itself uses, whatever it is called.
# Needs apt, dpkg and the Debian archive keyring; expects $GUESTS and die() from common.sh.

SUITE=${MYNAH_SUITE:-bookworm}

papt_arch() { # papt_arch ARCH - whose packages the functions below are about: one tree an architecture
    ARCH=$1
    PAPT=$GUESTS/apt-$1
    [ "$1" != arm64 ] || PAPT=$GUESTS/apt
}
papt_arch arm64

papt() { # papt TOOL ARGS... - an apt tool under the private tree
    local tool=$1
    shift
    "$tool" -qq -c "$PAPT/apt.conf" "$@"
}

# "URI SUITE" of each Debian archive of our suite that the machine has configured. A new
# container has no lists yet; --no-release-info names the archives all the same.
papt_sources() {
    apt-get indextargets --no-release-info \
        --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(CREATED_BY)' 2> /dev/null |
        awk -v s="$SUITE" '($2 == s || index($2, s "-") == 1) && $3 == "main" && $4 == "Packages" {
            print $1, $2 }' | sort -u
}

papt_write_conf() {
    mkdir -p "$PAPT/state/lists/partial" "$PAPT/cache/archives/partial" "$PAPT/parts"
    : > "$PAPT/status"
    # The #clear lines drop hooks of the machine's configuration: they touch its own caches.
    cat > "$PAPT/apt.conf" << END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
Dir::State "$PAPT/state";
Dir::State::status "$PAPT/status";
Dir::Cache "$PAPT/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::sourcelist "$PAPT/sources.list";
Dir::Etc::sourceparts "$PAPT/parts";
Dir::Etc::preferences "$PAPT/preferences";
Dir::Etc::preferencesparts "$PAPT/parts";
APT::Architecture "$ARCH";
APT::Architectures { "$ARCH"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "2";
APT::Update::Error-Mode "any";
END
    papt_sources | sed 's/^/deb /; s/$/ main/' > "$PAPT/sources.list"
    [ -s "$PAPT/sources.list" ] ||
        die "apt on this machine has no archive of Debian $SUITE configured, so no guest can be fetched"
}

# A mirror caught in the middle of its own update serves lists that do not match their Release
# file: try again, then do without the additional suites rather than without everything.
papt_update() {
    local log=$PAPT/update.log
    papt_write_conf
    retry 3 papt apt-get update 2> "$log" && return
    sed -i "/ $SUITE /!d" "$PAPT/sources.list"
    if papt apt-get update 2>> "$log"; then
        say "the lists of $SUITE-security or -updates are not in order now; going on without them"
        return
    fi
    sort -u "$log" | tail -n 5 >&2
    die "apt could not fetch the package lists of Debian $SUITE (its words are above)"
}

# papt_unpack DIR PACKAGE [TAR-PATTERN...] - download PACKAGE and unpack (what matches) into DIR
papt_unpack() {
    local dir=$1 package=$2 tmp
    shift 2
    tmp=$(mktemp -d "$GUESTS/tmp.XXXXXX")
    (cd "$tmp" && retry 3 papt apt-get download "$package") ||
        { rm -rf "$tmp"; die "apt could not download $package (its words are above)"; }
    mkdir -p "$dir"
    dpkg-deb --fsys-tarfile "$tmp"/*.deb |
        tar -x -C "$dir" --no-same-owner --wildcards "$@" ||
        { rm -rf "$tmp"; die "could not unpack $package into $dir"; }
    basename "$tmp"/*.deb > "$dir/package"
    rm -rf "$tmp"
}
