-- ARGV: clock, aging, what to note, and its values.
--   pause QUEUE 0|1 · schedule NAME DEFINITION NEXT · unschedule NAME · worker ID REPORT TTL

local WHAT, name = ARGV[3], ARGV[4]
local changed = 1

if WHAT == 'pause' then
  redis.call('HSET', P .. 'counts:' .. name, 'paused', ARGV[5])
  redis.call('SADD', P .. 'queues', name)
  if ARGV[5] == '0' then bells.ready = true end
elseif WHAT == 'schedule' then
  redis.call('HSET', P .. 'schedules', name, ARGV[5])
  redis.call('ZADD', P .. 'ticks', ARGV[6], name)
  bells.due = true
elseif WHAT == 'unschedule' then
  changed = redis.call('ZREM', P .. 'ticks', name)
  redis.call('HDEL', P .. 'schedules', name)
elseif WHAT == 'worker' then
  redis.call('HSET', P .. 'workers', name, ARGV[5])
  redis.call('ZADD', P .. 'worker_ends', int(now + ARGV[6]), name)
end
finish_script()
return changed
