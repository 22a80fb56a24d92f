-- Deletes dead letters, and what waits for them becomes a dead letter.

local function purge(queue, ids)
  local purged = {}
  for _, id in ipairs(ids) do
    local job = load(id)
    if job and job.state == 'dead' and job.queue == queue then
      count(queue, 'dead', -1)
      if job.kids then follow(id, 'failed and was purged') end
      call('DEL', JOB .. id, MORE .. id)
      purged[#purged + 1] = id
    end
  end
  in_pieces('ZREM', P .. 'dead:' .. queue, purged)
  return #purged
end
