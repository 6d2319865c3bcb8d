"""Others' LangChain code takes the retriever and the runnables as they are."""

import asyncio

from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from rag import Answer, Question
from rag.runnables import PinciteRetriever, answer_runnable, text_runnable
from tests.rag.desk import Desk, marked
from tests.rag.reading import Shelf, run

QUESTION = "When was the lighthouse painted?"


def shelved(shelf: Shelf) -> Shelf:
    shelf.add("The lighthouse was painted in May 2019. It is white.", title="Lighthouse")
    return shelf


def test_the_retriever_gives_documents_whose_content_is_the_text_at_their_span(
    shelf: Shelf,
) -> None:
    retriever = PinciteRetriever(pipeline=shelved(shelf).pipeline, collection=shelf.collection)
    assert isinstance(retriever, BaseRetriever)
    (found,) = retriever.invoke(QUESTION)
    about = found.metadata
    document = run(shelf.pipeline.document(about["document_id"], about["version"]))
    assert document.text[about["start"] : about["end"]] == found.page_content
    citation = run(shelf.pipeline.citation(about["citation_id"]))
    assert citation.quote == found.page_content
    assert about["title"] == "Lighthouse"


def test_the_retriever_takes_a_filter_and_a_number(shelf: Shelf) -> None:
    shelved(shelf).add("The lighthouse was built in 1888.", metadata={"year": 1888})
    retriever = PinciteRetriever(
        pipeline=shelf.pipeline, collection=shelf.collection, where={"year": 1888}, k=1
    )
    assert [one.page_content for one in retriever.invoke("the lighthouse")] == [
        "The lighthouse was built in 1888."
    ]


def test_the_retriever_works_in_a_chain_of_anybodys(shelf: Shelf) -> None:
    retriever = PinciteRetriever(pipeline=shelved(shelf).pipeline, collection=shelf.collection)

    def joined(documents: list[Document]) -> str:
        return "\n".join(one.page_content for one in documents)

    prompt = ChatPromptTemplate.from_template("{context}\n\n{question}")
    chain = (
        {"context": retriever | joined, "question": RunnablePassthrough()}
        | prompt
        | RunnableLambda(lambda asked: asked.to_string())
        | StrOutputParser()
    )
    assert "painted in May 2019" in chain.invoke(QUESTION)
    assert "painted in May 2019" in run(chain.ainvoke(QUESTION))


def test_the_answer_runnable_answers_alone_in_batches_and_in_a_running_loop(shelf: Shelf) -> None:
    question = Question(QUESTION, collection=shelved(shelf).collection)
    runnable = answer_runnable(shelf.pipeline)
    answers = [runnable.invoke(question), *runnable.batch([question, question])]
    answers.append(run(runnable.ainvoke(question)))

    async def inside() -> Answer:
        await asyncio.sleep(0)
        return runnable.invoke(question)

    answers.append(run(inside()))
    assert {one.text for one in answers} == {"The lighthouse was painted in May 2019. [1]"}


def test_the_text_runnable_streams_what_the_answer_says(desk: Desk) -> None:
    question = Question(QUESTION, collection=shelved(desk.shelf).collection)
    desk.answer_with = marked("The lighthouse was painted in May 2019 {painted}.")
    runnable = text_runnable(desk.shelf.pipeline)

    async def streamed() -> list[str]:
        return [piece async for piece in runnable.astream(question)]

    pieces = run(streamed())
    assert "".join(pieces) == "The lighthouse was painted in May 2019. [1]"
    assert len(pieces) > 3
    assert runnable.invoke(question) == "".join(pieces)
