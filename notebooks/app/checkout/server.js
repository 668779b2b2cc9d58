// The tea shop's checkout: takes an order and asks the bank.
const express = require('express');
const axios = require('axios');
const _ = require('lodash');

const app = express();
app.use(express.json());

app.post('/orders', async (request, response) => {
  const order = _.pick(request.body, ['tea', 'grams']);
  const answer = await axios.post('http://bank.internal/payments', order);
  response.json(answer.data);
});

app.listen(8080);
