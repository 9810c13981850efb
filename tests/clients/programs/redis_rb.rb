# SPDX-License-Identifier: BSL-1.0
#
# ruby redis_rb.rb OPTIONS PORT…
require "json"
require "redis"

options = JSON.parse(ARGV.first, symbolize_names: true)
ports = ARGV.drop(1)
client = nil
verbs = {
  "version" => -> { Redis::VERSION },
  "connect" => lambda {
    client&.close
    client = Redis.new(cluster: ports.map { |port| "redis://127.0.0.1:#{port}" }, **options)
    nil
  },
  "set" => ->(key, value) { client.set(key, value) },
  "get" => ->(key) { client.get(key) },
  "incr" => ->(key) { client.incr(key) },
  "mset" => ->(pairs) { client.mset(*pairs.flatten) },
  "mget" => ->(keys) { client.mget(*keys) },
  "pipeline" => ->(keys) { client.pipelined { |pipeline| keys.each { |key| pipeline.incr(key) } } },
  "transaction" => lambda { |key, counter|
    client.multi do |transaction|
      transaction.set(key, "set")
      transaction.incr(counter)
      transaction.get(key)
    end
  }
}
$stdout.sync = true
while (line = $stdin.gets)
  told = JSON.parse(line)
  begin
    said = { ok: verbs.fetch(told["verb"]).call(*told["args"]) }
  rescue StandardError => e
    said = { error: e.message }
  end
  puts JSON.generate({ id: told["id"], **said })
end
