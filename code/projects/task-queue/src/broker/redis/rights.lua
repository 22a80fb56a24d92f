-- Tries each command that the other scripts use, on keys that are gone afterwards.
-- Answers those that this user may not run. A refusal names itself; every other error is none of ours.

local key, hash, list, set, sorted = P .. 'rights', P .. 'rights:h', P .. 'rights:l', P .. 'rights:s', P .. 'rights:z'
local missing = {}
local function try(...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err and string.find(answer.err, 'executing the script') then
    missing[#missing + 1] = (...)
  end
end

try('SET', key, '1')
try('PSETEX', key, 1000, '1')
try('PEXPIRE', key, 1000)
try('GET', key)
try('MSET', key, '1')
try('MGET', key)
try('EXISTS', key)
try('HSET', hash, 'f', '1')
try('HINCRBY', hash, 'f', 1)
try('HGET', hash, 'f')
try('HMGET', hash, 'f')
try('HGETALL', hash)
try('HDEL', hash, 'f')
try('RPUSH', list, '1')
try('LPOP', list, 1)
try('SADD', set, '1')
try('SMEMBERS', set)
try('SRANDMEMBER', set, 1)
try('SREM', set, '1')
try('ZADD', sorted, 1, '1')
try('ZCARD', sorted)
try('ZSCORE', sorted, '1')
try('ZRANGE', sorted, 0, 0)
try('ZRANGEBYSCORE', sorted, 1, 1)
try('ZREM', sorted, '1')
try('PUBLISH', P .. 'bell', 'rights')
try('DEL', key, hash, list, set, sorted)
return missing
