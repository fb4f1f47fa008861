# SPDX-License-Identifier: Apache-2.0
#
# Runs inside debci.sh's root file system: asks debci for a run, has its fake backend do it, takes the
# result as its collector does, and has it write its JSON.
require 'debci'
require 'debci/html'
require 'debci/job'
require 'debci/package'
require 'debci/user'

name, result, kind = ARGV
Debci::DB.migrate
package = Debci::Package.find_or_create_by!(name: name)
user = Debci::User.find_or_create_by!(username: 'test')
job = Debci::Job.create!(package: package, suite: 'bookworm', arch: 'amd64', requestor: user)
job.is_private = true if kind == 'private'
job.extra_apt_sources = ['deb http://extra.example/ ./'] if kind == 'extra'
job.pin_packages = [['src:other', 'unstable']] if kind == 'pinned'
job.save!

summary = "printf 'autopkgtest [03:14:00]: @@@@@@@@@@@@@@@@@@@@ summary\\n" \
          "one                  PASS\\ntwo                  SKIP no\\n'"
# The one way to have a summary in the log; it passes.
ENV['DEBCI_FAKE_COMMAND'] = summary if result == 'pass'
ENV['DEBCI_FAKE_RESULT'] = result
out = IO.popen(['debci', 'test', '--quiet', '--print-output', '--suite', 'bookworm', '--arch', 'amd64',
                '--run-id', job.id.to_s, name], &:read).lines.last.to_s.strip
abort "debci test left nothing: #{out}" unless File.directory?(out)
File.delete(File.join(out, 'testpkg-version')) if kind == 'no-version'
Debci::Job.receive(out)
Debci::HTML::JSON.new('bookworm', 'amd64').tap { |json| json.root.join('bookworm', 'amd64').mkpath }.packages
