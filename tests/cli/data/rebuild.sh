# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command tests of rebuild: a release without pins, so that a build takes no time.

options=(--store store --db db/reproof.db --quiet)

mkdir -p source published db
cat >release.yaml <<-'END_OF_RELEASE'
	name: v1
	target: test
	published:
	  directory: published
	build:
	  backend: command
	  script: source/build.sh
	  source_date_epoch: 1700000000
	artifacts:
	  - name: "*"
END_OF_RELEASE

# build LINE...: what is built; "$OUTPUT" gets it
build() {
	{
		printf '#!/bin/bash\nset -e\ncd "$OUTPUT"\nS=$OLDPWD\n'
		printf '%s\n' "$@"
	} >source/build.sh
	chmod +x source/build.sh
}

# twice OPTION...: line 1 of the report and the lines of files; its exit code
twice() {
	reproof rebuild --twice "${options[@]}" "$@" release.yaml >out.txt
	echo "exit $?"
	sed '/^VARIED$/,$d; /^WHY/,$d; /^$/d' out.txt
}
