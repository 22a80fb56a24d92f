-- AWAIT says whether this may write. ARGV: clock, aging, what to look at, and which.
--   status ID             record, error, progress (with AWAIT, who waits for the job will be told)
--   view ID               when it is due or its lease ends, record, fields beside it
--   dead QUEUE FROM MAX   the newest dead letters below FROM: stamp, id, record, fields beside it
--   stats                 now in microseconds, then for each queue its name, counts and the stamp at its head
--   workers               the reports that have not expired

local WHAT = ARGV[3]

if WHAT == 'status' then
  local job = load(ARGV[4])
  if not job then return false end
  local ended = job.state == 'completed' or job.state == 'dead' or job.state == 'canceled'
  if AWAIT and not ended and not job.awaited then note(job, 'awaited', '1') end
  local found = call('HMGET', MORE .. job.id, 'error', 'progress')
  return { record_of(job), found[1], found[2] }
end

if WHAT == 'view' then
  local job = load(ARGV[4])
  if not job then return false end
  local until_ = redis.call('ZSCORE', P .. 'delayed', ARGV[4]) or redis.call('ZSCORE', P .. 'leases', ARGV[4])
  return { until_ or '', record_of(job), call('HGETALL', MORE .. job.id) }
end

if WHAT == 'dead' then
  local page = {}
  local found = redis.call('ZRANGE', P .. 'dead:' .. ARGV[4], '(' .. ARGV[5], '-inf', 'BYSCORE', 'REV',
    'LIMIT', 0, ARGV[6], 'WITHSCORES')
  for at = 1, #found, 2 do
    local id = found[at]
    page[#page + 1] = { found[at + 1], id, call('MGET', JOB .. id)[1] or '', call('HGETALL', MORE .. id) }
  end
  return page
end

if WHAT == 'stats' then
  local answer = { int(micros) }
  for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
    local head = redis.call('ZRANGE', P .. 'ready:' .. queue, 0, 0)[1]
    local job = head and load(head)
    answer[#answer + 1] = { queue, job and job.stamp or '', redis.call('HGETALL', P .. 'counts:' .. queue) }
  end
  return answer
end

local alive = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'worker_ends', '(' .. int(now), '+inf')) do
  alive[#alive + 1] = redis.call('HGET', P .. 'workers', id) or ''
end
return alive
