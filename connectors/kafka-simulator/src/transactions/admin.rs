//! ListTransactions, DescribeTransactions.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_transactions_response::{
    TopicData, TransactionState as DescribedTransaction,
};
use kafka_protocol::messages::list_transactions_response::TransactionState as ListedTransaction;
use kafka_protocol::messages::{
    DescribeTransactionsRequest, DescribeTransactionsResponse, ListTransactionsRequest,
    ListTransactionsResponse, ProducerId as WireProducerId,
};
use kafka_protocol::protocol::StrBytes;

use super::coordinator::TransactionCoordinator;
use super::transaction::{State, Transaction};

impl TransactionCoordinator {
    /// Transactional ids, as far as the filters let them through.
    pub(crate) fn list_transactions(&self, request: &ListTransactionsRequest) -> ListTransactionsResponse {
        let state = self.lock();
        let wanted = |transaction: &&Transaction| {
            let word = transaction.state.as_str();
            let of_state = request.state_filters.is_empty()
                || request.state_filters.iter().any(|filter| filter.as_str() == word);
            let of_producer = request.producer_id_filters.is_empty()
                || request.producer_id_filters.iter().any(|filter| filter.0 == transaction.producer.id);
            of_state && of_producer
        };
        let listed = state.by_id.values().filter(wanted).map(|transaction| {
            ListedTransaction::default()
                .with_transactional_id(StrBytes::from_string(transaction.id.clone()).into())
                .with_producer_id(WireProducerId(transaction.producer.id))
                .with_transaction_state(StrBytes::from_static_str(transaction.state.as_str()))
        });
        ListTransactionsResponse::default().with_transaction_states(listed.collect())
    }

    /// Transactional ids with everything their transactions touch.
    pub(crate) fn describe_transactions(
        &self,
        request: DescribeTransactionsRequest,
    ) -> DescribeTransactionsResponse {
        let state = self.lock();
        let described = request.transactional_ids.into_iter().map(|id| {
            let Some(transaction) = state.by_id.get(id.as_str()) else {
                return DescribedTransaction::default()
                    .with_transactional_id(id)
                    .with_error_code(ResponseError::TransactionalIdNotFound.code());
            };
            let start = match transaction.state {
                State::Ongoing { since_ms } => since_ms,
                _ => -1,
            };
            DescribedTransaction::default()
                .with_transactional_id(id)
                .with_transaction_state(StrBytes::from_static_str(transaction.state.as_str()))
                .with_transaction_timeout_ms(transaction.timeout_ms)
                .with_transaction_start_time_ms(start)
                .with_producer_id(WireProducerId(transaction.producer.id))
                .with_producer_epoch(transaction.producer.epoch)
                .with_topics(topics(transaction))
        });
        DescribeTransactionsResponse::default().with_transaction_states(described.collect())
    }
}

/// The partitions of a transaction by topic; they are in order already.
fn topics(transaction: &Transaction) -> Vec<TopicData> {
    let mut topics: Vec<TopicData> = Vec::new();
    for at in &transaction.partitions {
        match topics.last_mut() {
            Some(topic) if topic.topic.as_str() == at.topic => topic.partitions.push(at.partition),
            _ => {
                let name = StrBytes::from_string(at.topic.clone()).into();
                topics.push(TopicData::default().with_topic(name).with_partitions(vec![at.partition]));
            }
        }
    }
    topics
}
