-- requests_read returns requests with their journals, all as of one moment. It is a script because a transaction, which
-- could do the same, is refused while memory is full, and reading has to go on then.
--
-- KEYS  1... req:<id> and req:<id>:steps of each request
--
-- Answers with a list of fields and values for each key; an empty one where there is nothing.
local found = {}
for i, key in ipairs(KEYS) do
  found[i] = redis.call('HGETALL', key)
end
return found
