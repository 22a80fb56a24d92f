# Sidekiq as a worker or a producer; compare/program.rs says what the driver and it say to each other.

require "sidekiq"
require "json"

$stdout.sync = true
REDIS = { url: "redis://127.0.0.1:#{ENV.fetch("PORT")}/0" }
JOBS = Integer(ENV.fetch("JOBS"))
LOCK = Mutex.new
WAITS = []

def micros = Process.clock_gettime(Process::CLOCK_REALTIME, :microsecond)

def payload = [micros, "x" * 60]

class Nothing
  include Sidekiq::Worker

  def perform(sent, _text)
    if ENV["HOLD"]
      puts "holding"
      sleep 3600
    end
    LOCK.synchronize do
      WAITS << micros - sent
      if WAITS.size == Integer(ENV.fetch("EXPECT"))
        WAITS.sort!
        puts "done #{WAITS[(WAITS.size - 1) * 50 / 100]} #{WAITS[(WAITS.size - 1) * 99 / 100]}"
      end
    end
  end
end

def work
  require "sidekiq/cli"
  Sidekiq.configure_server do |config|
    config.redis = REDIS.merge(size: JOBS + 5)
    config.average_scheduled_poll_interval = 1
    config.logger.level = Logger::ERROR
    config.on(:startup) do
      puts "ready"
      Thread.new { $stdin.each_line { puts "count #{WAITS.size}" } }
    end
  end
  cli = Sidekiq::CLI.instance
  cli.parse(["-r", File.expand_path(__FILE__), "-c", JOBS.to_s])
  cli.run(boot_app: false)
end

def send_jobs(jobs, batch, options)
  while jobs > 0
    number = [jobs, batch].min
    if number == 1
      Sidekiq::Client.push({ "class" => Nothing, "args" => payload }.merge(options))
    else
      Sidekiq::Client.push_bulk({ "class" => Nothing, "args" => Array.new(number) { payload } }.merge(options))
    end
    jobs -= number
  end
end

def send_all(jobs, batch, at_once, options = {})
  parts = Array.new(at_once) { |part| jobs / at_once + (part < jobs % at_once ? 1 : 0) }
  parts.map { |part| Thread.new { send_jobs(part, batch, options) } }.each(&:join)
end

def pace(jobs, rate)
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  jobs.times do |job|
    wait = start + job.fdiv(rate) - Process.clock_gettime(Process::CLOCK_MONOTONIC)
    sleep(wait) if wait > 0
    send_jobs(1, 1, {})
  end
end

def produce
  Sidekiq.configure_client { |config| config.redis = REDIS.merge(size: JOBS) }
  puts "ready"
  $stdin.each_line do |line|
    verb, jobs, number = line.split
    jobs = Integer(jobs)
    case verb
    when "single" then send_all(jobs, 1, 32)
    when "bulk" then send_all(jobs, 500, 4)
    when "later" then send_all(jobs, 500, 4, { "at" => Time.now.to_f + Integer(number) / 1000.0 })
    when "pace" then pace(jobs, Integer(number))
    end
    puts "ok"
  end
end

if __FILE__ == $PROGRAM_NAME
  ARGV[0] == "worker" ? work : produce
end
