# Evaluates the cask in a folder of release files for each system, with the part of Homebrew's language for casks that it uses
# (https://docs.brew.sh/Cask-Cookbook), and compares it with the archives there:
#
#	ruby .github/release/cask.rb FOLDER VERSION
require "digest"

folder, wanted = ARGV

module OS
  class << self
    attr_accessor :name
    def mac? = name == :macos
    def linux? = name == :linux
  end
end

# A Cask has what a cask says about one system. A word of the language that it does not know is an error.
class Cask
  attr_reader :said, :commands

  def initialize(system, machine, &block)
    @system, @machine, @said, @commands = system, machine, Hash.new { |h, k| h[k] = [] }, []
    OS.name = system
    instance_eval(&block)
  end

  %i[version sha256 url name desc homepage binary manpage bash_completion zsh_completion fish_completion].each do |word|
    define_method(word) do |*values, **options|
      return @said[word].last if values.empty?
      @said[word].push(values.first)
      @said[:"#{word} target"].push(options[:target]) if options[:target]
    end
  end

  def on_macos(&block) = @system == :macos && instance_eval(&block)
  def on_linux(&block) = @system == :linux && instance_eval(&block)
  def on_intel(&block) = @machine == :intel && instance_eval(&block)
  def on_arm(&block) = @machine == :arm && instance_eval(&block)
  def livecheck = nil
  def postflight(&block) = instance_eval(&block)
  def staged_path = "/staged"
  def system_command(program, args:) = @commands.push([program, *args])
end

text = File.read(File.join(folder, "bundle-secrets.rb"))
{ %i[macos intel] => "darwin_amd64", %i[macos arm] => "darwin_arm64", %i[linux intel] => "linux_amd64", %i[linux arm] => "linux_arm64" }.each do |(system, machine), target|
  found = nil
  reader = Object.new
  reader.define_singleton_method(:cask) { |token, &block| found = [token, Cask.new(system, machine, &block)] }
  reader.instance_eval(text, "bundle-secrets.rb")
  token, cask = found
  archive = File.join(folder, "bundle_#{wanted}_#{target}.tar.gz")
  contents = IO.popen(["tar", "-tzf", archive], &:read).split("\n")
  expected = {
    version: [wanted], sha256: [Digest::SHA256.file(archive).hexdigest],
    url: ["https://github.com/whispering/bundle/releases/download/v#{wanted}/#{File.basename(archive)}"], binary: ["bundle-secrets"],
  }
  abort "cask.rb: the cask is called #{token}" unless token == "bundle-secrets"
  expected.each { |word, value| abort "cask.rb: #{target}: #{word} is #{cask.said[word]}, not #{value}" unless cask.said[word] == value }
  %i[binary manpage bash_completion zsh_completion fish_completion].each do |word|
    abort "cask.rb: #{target}: it has no #{word}" if cask.said[word].empty?
    cask.said[word].each { |file| abort "cask.rb: #{target}: the archive has no #{file}" unless contents.include?(file) }
  end
  commands = system == :macos ? [["/usr/bin/xattr", "-dr", "com.apple.quarantine", "/staged/bundle"]] : []
  abort "cask.rb: #{target}: after installing, it runs #{cask.commands}" unless cask.commands == commands
  puts "#{target}: #{File.basename(archive)}"
end
