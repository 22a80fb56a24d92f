-- ARGV: clock, aging, 'requeue' or 'purge', the most that may wait in a queue, then 'oldest', a queue and
-- how many; or 'jobs' and ids. Answers 'ok' and how many, or why nothing was done.

local by_queue, total = {}, 0

local function choose(job)
  local ids = by_queue[job.queue] or {}
  by_queue[job.queue] = ids
  ids[#ids + 1] = job.id
end

if ARGV[5] == 'oldest' then
  local ids = redis.call('ZRANGE', P .. 'dead:' .. ARGV[6], 0, ARGV[7] - 1)
  if #ids > 0 then by_queue[ARGV[6]] = ids end
else
  for at = 6, #ARGV do
    local job = load(ARGV[at])
    if job and job.state == 'dead' then choose(job) end
  end
end

local function requeue(queue, ids)
  for _, id in ipairs(ids) do
    local job = load(id)
    if job and job.state == 'dead' then
      job.failures, job.recoveries, job.token = '0', '0', int(job.token + 1)
      local before, after = match(job.rest, '^(%S+ %d+ %-?%d+ %d+) %d+ (.*)$')
      job.rest = before .. ' ' .. NOW .. ' ' .. after
      call('HDEL', MORE .. id, 'error', 'cancel', 'blockers', 'due')
      make_ready(job)
      count(queue, 'requeued', 1)
      total = total + 1
    end
  end
  in_pieces('ZREM', P .. 'dead:' .. queue, ids)
end

for queue, ids in pairs(by_queue) do
  if ARGV[3] == 'requeue' then
    local depth = 0
    for _, waiting in ipairs(redis.call('HMGET', P .. 'counts:' .. queue, 'ready0', 'ready1', 'ready2', 'ready3',
      'ready4', 'ready5', 'ready6', 'ready7', 'ready8', 'ready9', 'delayed', 'blocked')) do
      depth = depth + (waiting or 0)
    end
    if depth + #ids > tonumber(ARGV[4]) then return { 'full', queue, int(depth), int(#ids) } end
  end
end
for queue, ids in pairs(by_queue) do
  if ARGV[3] == 'requeue' then requeue(queue, ids) else total = total + purge(queue, ids) end
end
finish_script()
return { 'ok', total }
