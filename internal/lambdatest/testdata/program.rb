# The program that bundle-exec becomes, in Ruby: testdata/arm64/program says the same.
require "digest"
require "json"

puts JSON.generate(architecture: RUBY_PLATFORM, pid: Process.pid, arguments: ARGV, environment: ENV.to_h.transform_values { |v| Digest::SHA256.hexdigest(v) })
