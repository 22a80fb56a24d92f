-- ARGV: clock, aging, what to note, and its values.
--   forget QUEUE · pause QUEUE 0|1 · tick NAME NEXT · schedule NAME DEFINITION NEXT · unschedule NAME · worker ID REPORT TTL

local WHAT, name = ARGV[3], ARGV[4]
local changed = 1

if WHAT == 'pause' then
  redis.call('HSET', P .. 'counts:' .. name, 'paused', ARGV[5])
  redis.call('SADD', P .. 'queues', name)
  if ARGV[5] == '0' then bells.ready = true end
elseif WHAT == 'forget' then
  -- Answers 0 if it is not known, 1 if it is forgotten, one more than it has jobs if it has any.
  local jobs = 0
  for _, number in ipairs(redis.call('HMGET', P .. 'counts:' .. name, 'ready0', 'ready1', 'ready2', 'ready3',
    'ready4', 'ready5', 'ready6', 'ready7', 'ready8', 'ready9', 'delayed', 'blocked', 'running', 'dead')) do
    jobs = jobs + (number or 0)
  end
  if jobs > 0 then return jobs + 1 end
  changed = redis.call('SREM', P .. 'queues', name)
  redis.call('SREM', P .. 'idle', name)
  redis.call('ZREM', P .. 'deaths', name)
  redis.call('DEL', P .. 'counts:' .. name)
elseif WHAT == 'tick' then
  -- Computed again with a clock that was set back: only ever earlier.
  local old = redis.call('ZSCORE', P .. 'ticks', name)
  if old and tonumber(old) > tonumber(ARGV[5]) then redis.call('ZADD', P .. 'ticks', ARGV[5], name) end
elseif WHAT == 'schedule' then
  -- Who finds the clock behind this stamp knows that NEXT came from a wrong one.
  next_stamp()
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
